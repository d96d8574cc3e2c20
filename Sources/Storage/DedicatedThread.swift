import CLinux
import Glibc

/// A thread for work that blocks, outside of Swift's cooperative pool.
package struct DedicatedThread: Sendable {
    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    private let thread: pthread_t

    /// Starts it; `name` is what the system's tools show.
    package init(
        name: String,
        _ run: @escaping @Sendable () -> Void
    ) throws(StorageError) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(name, run))
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                let body = Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
                linux_name_thread(body.name)
                body.run()
                return nil
            },
            body.toOpaque()
        )
        guard code == 0 else {
            body.release()
            throw StorageError(.fault, "starting a thread: error \(code)")
        }
        self.thread = thread
    }

    package func join() { pthread_join(thread, nil) }
}
