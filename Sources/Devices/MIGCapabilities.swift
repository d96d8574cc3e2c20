import Hosts

/// Which `/dev/nvidia-caps/nvidia-capN` opens which slice, by the driver's list in `/proc`.
struct MIGCapabilities {
    private static let path = "/proc/driver/nvidia-caps/mig-minors"
    /// A line a capability; real files have some thousands.
    private static let bytesMax = 1 << 20

    private let minors: [String: Int]

    /// Empty where the driver has no such file.
    init(in tree: HostTree) {
        let bytes = tree.contents(of: Self.path, bytesMax: Self.bytesMax) ?? []
        self.init(String(decoding: bytes, as: UTF8.self))
    }

    /// Reads lines as `gpu0/gi1/ci0/access 13`, and passes over others.
    init(_ text: String) {
        var minors: [String: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let minor = Int(words[1]) { minors[String(words[0])] = minor }
        }
        self.minors = minors
    }

    /// The two nodes that a slice needs beside its card's; nil if the driver lists none for it.
    ///
    /// `card` is the card's minor number.
    func nodes(of slice: GPU.Slice, card: Int) -> [String]? {
        let gpuInstance = "gpu\(card)/gi\(slice.gpuInstance)"
        guard let whole = minors["\(gpuInstance)/access"],
            let part = minors["\(gpuInstance)/ci\(slice.computeInstance)/access"]
        else { return nil }
        return [whole, part].map { "/dev/nvidia-caps/nvidia-cap\($0)" }
    }
}
