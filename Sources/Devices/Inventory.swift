/// The GPUs of this host at one moment.
package struct Inventory: Sendable, Hashable {
    /// In PCI order; only those that answered every question.
    package let gpus: [GPU]
    /// Nil where no driver was reached.
    package let driver: Driver?
    /// Cards that are there and cannot be used; functions go on with the others.
    package let faults: [Fault]
    /// Why there is no GPU; nil if the driver was reached, even when it found no card.
    package let absence: DevicesError?

    package init(gpus: [GPU], driver: Driver?, faults: [Fault] = []) {
        self.gpus = gpus
        self.driver = driver
        self.faults = faults
        self.absence = nil
    }

    /// A host without a usable driver.
    package init(absence: DevicesError) {
        self.gpus = []
        self.driver = nil
        self.faults = []
        self.absence = absence
    }

    /// The card with this UUID, or the card that this slice is a part of.
    package func gpu(_ uuid: String) -> GPU? {
        gpus.first { gpu in gpu.uuid == uuid || gpu.slices.contains { $0.uuid == uuid } }
    }

    /// The slice with this UUID.
    package func slice(_ uuid: String) -> GPU.Slice? {
        gpus.lazy.flatMap(\.slices).first { $0.uuid == uuid }
    }
}

extension Inventory {
    /// The driver that answered.
    package struct Driver: Sendable, Hashable {
        /// As `580.159.04`.
        package let version: String
        /// The newest CUDA that it supports, as `13.0`.
        package let cuda: String

        package init(version: String, cuda: String) {
            self.version = version
            self.cuda = cuda
        }
    }

    /// A card that cannot be used.
    package struct Fault: Sendable, Hashable {
        /// The place in PCI order.
        package let index: Int
        /// Nil where the card did not even tell its name.
        package let uuid: String?
        package let error: DevicesError

        package init(index: Int, uuid: String?, error: DevicesError) {
            self.index = index
            self.uuid = uuid
            self.error = error
        }
    }
}
