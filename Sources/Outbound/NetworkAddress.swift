package import CCurlShim
import Glibc

/// An IP address that the gateway itself would connect to because a user said so: for a callback,
/// for a model's weights.
///
/// An IPv4 address has its IPv4-mapped form (RFC 4291, section 2.5.5.2), so that there is one way
/// to judge both.
package struct NetworkAddress: Sendable, Hashable {
    package let bits: UInt128

    package init(bits: UInt128) { self.bits = bits }

    package init(fourBytes: UInt32) { bits = 0xffff << 32 | UInt128(fourBytes) }

    /// Reads an address as it stands in a URL: IPv6 with or without brackets, IPv4 in all the forms
    /// that `inet_aton` takes (`127.1`, `0x7f000001`, `017700000001`); nil when it is a name.
    package init?(_ text: some StringProtocol) {
        var text = String(text)
        if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
        // A name's closing dot is no part of it.
        if text.hasSuffix(".") { text.removeLast() }
        var six = in6_addr()
        var four = in_addr()
        if inet_pton(AF_INET6, String(text.prefix { $0 != "%" }), &six) == 1 {
            self.init(six)
        } else if !text.isEmpty, inet_aton(text, &four) != 0 {
            self.init(fourBytes: UInt32(bigEndian: four.s_addr))
        } else {
            return nil
        }
    }

    /// The address that libcurl is about to connect to; nil when it is no IP address.
    package init?(_ target: UnsafePointer<curl_sockaddr>) {
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

    private init(_ address: in6_addr) {
        bits = withUnsafeBytes(of: address) { bytes in
            bytes.reduce(0) { $0 << 8 | UInt128($1) }
        }
    }

    /// Reaches this host alone.
    package var isLoopback: Bool {
        bits == 1 || Block(four: 0x7f00_0000, 8).contains(self)
    }

    /// Why the gateway does not connect there; nil when it may.
    package var refusal: String? {
        if let kind = Self.kind(of: self) { return kind }
        // `::1` would be 0.0.0.1.
        guard bits != 1 else { return nil }
        for embedding in Self.embeddings where embedding.block.contains(self) {
            let four = UInt32(truncatingIfNeeded: bits >> embedding.shift)
            if let kind = Self.kind(of: NetworkAddress(fourBytes: four)) { return kind }
        }
        return nil
    }

    private static func kind(of address: NetworkAddress) -> String? {
        refused.first { $0.block.contains(address) }?.kind
    }
}

// MARK: - What is refused

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
            self.init(six: NetworkAddress(fourBytes: base).bits, 96 + length)
        }

        func contains(_ address: NetworkAddress) -> Bool {
            (address.bits ^ base) >> (128 - length) == 0
        }
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
    ///
    /// An IPv4-mapped address is the IPv4 address here, and needs no line.
    private static let embeddings: [(block: Block, shift: Int)] = [
        (Block(six: 0, 96), 0),  // IPv4-compatible, RFC 4291
        (Block(six: 0xffff << 48, 96), 0),  // IPv4-translated, RFC 7915
        (Block(six: 0x0064_ff9b << 96, 96), 0),  // NAT64, RFC 6052
        // NAT64's prefix for local use, RFC 8215. With a prefix of less than 96 bits the last ones
        // are 0 (RFC 6052, section 2.2), which is refused as 0.0.0.0, whatever they lead to.
        (Block(six: 0x0064_ff9b_0001 << 80, 48), 0),
        (Block(six: 0x2002 << 112, 16), 80),  // 6to4, RFC 3056
    ]
}
