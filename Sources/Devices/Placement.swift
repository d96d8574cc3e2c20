/// Where a reservation of GPU memory lies: exactly one card or one slice.
package struct Placement: Sendable, Hashable {
    /// `GPU-…` or `MIG-…`: what `CUDA_VISIBLE_DEVICES` takes.
    package let uuid: String
    /// The UUID of the card that this is a slice of; nil for a whole card.
    package let parent: String?

    package init(uuid: String, parent: String? = nil) {
        self.uuid = uuid
        self.parent = parent
    }
}
