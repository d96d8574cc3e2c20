/// One GPU, or one slice of one, as the gateway sees it.
package struct GPUReport: Sendable, Hashable, Codable {
    package var uuid: String
    package var name: String
    package var memoryMiB: Int
    /// What ready instances reserve of it.
    package var reservedMiB: Int

    package init(uuid: String, name: String, memoryMiB: Int, reservedMiB: Int) {
        self.uuid = uuid
        self.name = name
        self.memoryMiB = memoryMiB
        self.reservedMiB = reservedMiB
    }
}
