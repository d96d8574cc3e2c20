import Glibc

/// A thread for work that blocks, outside of Swift's cooperative pool.
package struct DedicatedThread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let thread: pthread_t

    package init(_ run: @escaping @Sendable () -> Void) throws(StorageError) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(run))
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
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
