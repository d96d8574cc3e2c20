import CCurlShim
import Glibc

/// An IP address that weights would come from, in IPv6's form: IPv4 is mapped into it (RFC 4291,
/// section 2.5.5.2), so that there is one way to judge both.
struct NetworkAddress: Sendable, Hashable {
    let bits: UInt128

    /// Reads an address as it stands in a URL: IPv6 with or without brackets, IPv4 in all the forms
    /// that `inet_aton` takes; nil when it is a name.
    init?(_ text: String) {
        var text = text[...]
        if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
        // A name's closing dot is no part of it.
        if text.hasSuffix(".") { text.removeLast() }
        var six = in6_addr()
        var four = in_addr()
        if inet_pton(AF_INET6, String(text.prefix { $0 != "%" }), &six) == 1 {
            self.init(six)
        } else if !text.isEmpty, inet_aton(String(text), &four) != 0 {
            self.init(fourBytes: UInt32(bigEndian: four.s_addr))
        } else {
            return nil
        }
    }

    /// The address that libcurl is about to connect to; nil when it is no IP address.
    init?(_ target: UnsafePointer<curl_sockaddr>) {
        guard let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return nil }
        let start = UnsafeRawPointer(target) + offset
        let length = Int(target.pointee.addrlen)
        switch target.pointee.family {
        case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
            let address = start.loadUnaligned(as: sockaddr_in.self)
            self.init(fourBytes: UInt32(bigEndian: address.sin_addr.s_addr))
        case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
            self.init(start.loadUnaligned(as: sockaddr_in6.self).sin6_addr)
        default:
            return nil
        }
    }

    private init(fourBytes: UInt32) { bits = 0xffff << 32 | UInt128(fourBytes) }

    private init(_ address: in6_addr) {
        bits = withUnsafeBytes(of: address) { bytes in
            bytes.reduce(0) { $0 << 8 | UInt128($1) }
        }
    }

    /// Reaches this host alone.
    var isLoopback: Bool { bits == 1 || Block(four: 0x7f00_0000, 8).contains(bits) }

    /// Why nothing is fetched from there; nil when something may be.
    var refusal: String? {
        if let kind = Self.kind(of: bits) { return kind }
        // `::1` would be 0.0.0.1.
        guard bits != 1 else { return nil }
        for (block, shift) in Self.embeddings where block.contains(bits) {
            let four = UInt32(truncatingIfNeeded: bits >> shift)
            if let kind = Self.kind(of: 0xffff << 32 | UInt128(four)) { return kind }
        }
        return nil
    }

    private static func kind(of bits: UInt128) -> String? {
        refused.first { $0.block.contains(bits) }?.kind
    }
}

extension NetworkAddress {
    /// The addresses that begin with the same bits.
    private struct Block {
        let base: UInt128
        let length: Int

        init(six base: UInt128, _ length: Int) {
            self.base = base
            self.length = length
        }

        init(four base: UInt32, _ length: Int) {
            self.init(six: 0xffff << 32 | UInt128(base), 96 + length)
        }

        func contains(_ bits: UInt128) -> Bool { (bits ^ base) >> (128 - length) == 0 }
    }

    private static let metadata = "a metadata service's address"
    private static let linkLocal = "a link-local address"
    private static let multicast = "a multicast address"
    private static let unspecified = "an unspecified address"

    private static let refused: [(block: Block, kind: String)] = [
        (Block(four: 0xa9fe_0000, 16), linkLocal),  // 169.254.0.0/16: most clouds' metadata too
        (Block(four: 0x6464_64c8, 32), metadata),  // 100.100.100.200, Alibaba Cloud
        (Block(four: 0xc000_00c0, 32), metadata),  // 192.0.0.192, Oracle Cloud
        (Block(four: 0xa83f_8110, 32), metadata),  // 168.63.129.16, Azure
        (Block(four: 0x0000_0000, 8), unspecified),  // 0.0.0.0/8
        (Block(four: 0xe000_0000, 4), multicast),  // 224.0.0.0/4
        (Block(four: 0xffff_ffff, 32), "the broadcast address"),
        (Block(six: 0xfe80 << 112, 10), linkLocal),  // fe80::/10
        (Block(six: 0xfd00_0ec2 << 96 | 0x254, 128), metadata),  // fd00:ec2::254, AWS
        (Block(six: 0xfd20_00ce << 96 | 0x254, 128), metadata),  // fd20:ce::254, Google Cloud
        (Block(six: 0, 128), unspecified),  // ::
        (Block(six: 0xff << 120, 8), multicast),  // ff00::/8
    ]

    /// Where IPv6 addresses hold one of IPv4 that packets may end at, and how many bits follow it.
    private static let embeddings: [(block: Block, shift: Int)] = [
        (Block(six: 0, 96), 0),  // IPv4-compatible, RFC 4291
        (Block(six: 0xffff << 48, 96), 0),  // IPv4-translated, RFC 7915
        (Block(six: 0x0064_ff9b << 96, 96), 0),  // NAT64, RFC 6052
        (Block(six: 0x0064_ff9b_0001 << 80, 48), 0),  // NAT64 for local use, RFC 8215
        (Block(six: 0x2002 << 112, 16), 80),  // 6to4, RFC 3056
    ]
}
