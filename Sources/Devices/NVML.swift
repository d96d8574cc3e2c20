import CNVML
import Dispatch
import Synchronization

/// NVIDIA's management library, asked on a queue of its own.
///
/// A call blocks for seconds while the driver is busy, so each runs on this object's queue, one at
/// a time, and callers wait without holding a thread. One session lasts for the life of the
/// process; it is opened anew only after the driver itself failed, as it does when it is upgraded.
package final class NVML: Sendable {
    /// What the dynamic loader knows the library as.
    package static let libraryDefault = "libnvidia-ml.so.1"
    /// Calls that may wait; further ones fail at once with `busy`, as the driver hangs.
    package static let pendingCallsMax = 16

    private let library: String
    private let queue = DispatchQueue(label: "nvml")
    private let pendingCalls = Atomic<Int>(0)
    private let session = Mutex<NVMLSession?>(nil)

    private init(library: String) {
        self.library = library
    }

    /// Returns at once: the library is loaded by the first question, and a host without it answers
    /// with the reason.
    ///
    /// `library` is a path, or a name for the dynamic loader.
    package static func open(library: String = libraryDefault) -> NVML {
        NVML(library: library)
    }

    /// All cards and slices; where the driver cannot be reached, none and the reason.
    package func inventory() async -> Inventory {
        let answer = await call { session throws(DevicesError) in try session.inventory() }
        switch answer {
        case .success(let inventory): return inventory
        case .failure(let error): return Inventory(absence: error)
        }
    }

    /// The memory of a card or slice at this moment.
    ///
    /// - Throws: `notFound` for a UUID that the driver does not know.
    package func memory(of uuid: String) async throws(DevicesError) -> GPU.Memory {
        try await call { session throws(DevicesError) in
            try session.memory(of: try session.device(uuid: uuid))
        }.get()
    }

    /// The processes that compute on a card or slice; a parked one is not among them.
    package func processes(on uuid: String) async throws(DevicesError) -> [GPUProcess] {
        try await call { session throws(DevicesError) in
            try session.processes(on: try session.device(uuid: uuid))
        }.get()
    }

    private func call<Answer: Sendable>(
        _ question: @escaping @Sendable (NVMLSession) throws(DevicesError) -> Answer
    ) async -> Result<Answer, DevicesError> {
        guard pendingCalls.add(1, ordering: .relaxed).newValue <= Self.pendingCallsMax else {
            pendingCalls.subtract(1, ordering: .relaxed)
            return .failure(
                DevicesError(.busy, "the NVIDIA driver does not answer: look for XID in `dmesg`")
            )
        }
        return await withCheckedContinuation { continuation in
            queue.async {
                let answer = self.ask(question)
                self.pendingCalls.subtract(1, ordering: .relaxed)
                continuation.resume(returning: answer)
            }
        }
    }

    /// Blocks; on the queue only.
    private func ask<Answer: Sendable>(
        _ question: @Sendable (NVMLSession) throws(DevicesError) -> Answer
    ) -> Result<Answer, DevicesError> {
        session.withLock { session in
            do throws(DevicesError) {
                if let session { return .success(try question(session)) }
                let opened = try NVMLSession(library: library)
                session = opened
                return .success(try question(opened))
            } catch {
                if error.endsSession { session = nil }
                return .failure(error)
            }
        }
    }
}

extension DevicesError {
    /// Only a new session, perhaps with a newly installed library, can do better.
    fileprivate var endsSession: Bool {
        code == .driverNotLoaded || code == .versionMismatch
    }
}
