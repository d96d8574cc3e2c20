import Foundation
import Functions
import Synchronization
import Testing
import Weights

/// A fetch on a thread of its own.
final class Running: Sendable {
    private let end = Mutex<Result<String, WeightsError>?>(nil)
    private let isDone = DispatchSemaphore(value: 0)

    init(_ fetch: @escaping @Sendable () throws(WeightsError) -> String) {
        Thread.detachNewThread { [self] in
            let result = Result { () throws(WeightsError) in try fetch() }
            end.withLock { $0 = result }
            isDone.signal()
        }
    }

    func wait() throws -> Result<String, WeightsError> {
        try #require(isDone.wait(timeout: .now() + .seconds(60)) == .success)
        return try #require(end.withLock { $0 })
    }
}

/// How fetches ended that no thread waits for.
final class Ends: Sendable {
    private let ends = Mutex<[Result<String, WeightsError>]>([])
    private let isMore = DispatchSemaphore(value: 0)

    @Sendable func take(_ end: Result<String, WeightsError>) {
        ends.withLock { $0.append(end) }
        isMore.signal()
    }

    /// Waits until so many have ended.
    func wait(_ count: Int) throws -> [Result<String, WeightsError>] {
        for _ in 0..<count {
            try #require(isMore.wait(timeout: .now() + .seconds(60)) == .success)
        }
        return ends.withLock { $0 }
    }
}

extension WeightStore {
    /// Fetches, and blocks until that has ended.
    func fetch(
        _ file: Manifest.ModelFile,
        progress: @escaping Progress = { _, _ in }
    ) throws(WeightsError) -> String {
        let end = Mutex<Result<String, WeightsError>?>(nil)
        let isDone = DispatchSemaphore(value: 0)
        fetch(file, progress: progress) { result in
            end.withLock { $0 = result }
            isDone.signal()
        }
        isDone.wait()
        guard let end = end.withLock({ $0 }) else { throw WeightsError(.stopped, "no end") }
        return try end.get()
    }
}
