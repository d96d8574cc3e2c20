/// Hashes of the keys by which a client stays with a revision.
package enum StickyKey {
    /// Even over all 64 bits and the same on every machine: FNV-1a, then SplitMix64's mixer, as
    /// FNV's high bits differ little for short keys.
    package static func hash(of key: Substring) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0100_0000_01b3 }
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        return hash ^ (hash >> 31)
    }

    package static func hash(of key: String) -> UInt64 { hash(of: key[...]) }
}
