/// Requests in the order of their arrival; each operation takes constant time.
///
/// The nodes of a doubly linked list lie in one array, whose size is that of the longest queue so
/// far; the dictionary finds the node of a request that is cancelled.
struct WaitingQueue: Sendable {
    private struct Node {
        var request: RequestID
        var previous: Int32
        /// The next one waiting, or, in a node that is free, the next free one.
        var next: Int32
    }

    private static let none: Int32 = -1

    private var nodes: [Node] = []
    private var nodeOf: [RequestID: Int32] = [:]
    private var first = Self.none
    private var last = Self.none
    private var free = Self.none

    var count: Int { nodeOf.count }
    var isEmpty: Bool { first == Self.none }

    /// Adds a request, which must not be waiting already.
    mutating func append(_ request: RequestID) {
        let node = takeNode(Node(request: request, previous: last, next: Self.none))
        let replaced = nodeOf.updateValue(node, forKey: request)
        precondition(replaced == nil, "Two requests that wait have one id.")
        if last == Self.none { first = node } else { nodes[Int(last)].next = node }
        last = node
    }

    /// Takes the one that has waited longest.
    mutating func popFirst() -> RequestID? {
        guard first != Self.none else { return nil }
        let request = nodes[Int(first)].request
        nodeOf[request] = nil
        unlink(first)
        return request
    }

    /// Takes one out, wherever it stands; false when it is not waiting.
    mutating func remove(_ request: RequestID) -> Bool {
        guard let node = nodeOf.removeValue(forKey: request) else { return false }
        unlink(node)
        return true
    }

    private mutating func takeNode(_ node: Node) -> Int32 {
        guard free != Self.none else {
            nodes.append(node)
            return Int32(nodes.count - 1)
        }
        let index = free
        free = nodes[Int(index)].next
        nodes[Int(index)] = node
        return index
    }

    private mutating func unlink(_ index: Int32) {
        let node = nodes[Int(index)]
        if node.previous == Self.none {
            first = node.next
        } else {
            nodes[Int(node.previous)].next = node.next
        }
        if node.next == Self.none {
            last = node.previous
        } else {
            nodes[Int(node.next)].previous = node.previous
        }
        nodes[Int(index)].next = free
        free = index
    }

    /// The requests, longest waiting first, by walking the list: for checks.
    var walked: [RequestID] {
        var requests: [RequestID] = []
        var at = first
        while at != Self.none, requests.count <= nodes.count {
            requests.append(nodes[Int(at)].request)
            at = nodes[Int(at)].next
        }
        return requests
    }
}
