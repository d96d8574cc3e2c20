import Glibc

/// Nanoseconds of one of the system's clocks.
func nanos(_ clock: clockid_t = CLOCK_MONOTONIC) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

func sleepFor(seconds: Double) {
    var time = timespec(
        tv_sec: Int(seconds),
        tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9)
    )
    nanosleep(&time, nil)
}

/// Work that takes a known time of a processor, however often the thread is interrupted.
struct Burner: Sendable {
    private let roundsPerMicro: Double

    /// Measures the processor for some 20 ms, and takes the fastest of ten tries.
    init() {
        let rounds = 200_000
        var fastest = Int64.max
        for _ in 0..<10 {
            let start = nanos(CLOCK_THREAD_CPUTIME_ID)
            Self.turn(rounds)
            fastest = min(fastest, nanos(CLOCK_THREAD_CPUTIME_ID) - start)
        }
        roundsPerMicro = Double(rounds) * 1000 / Double(max(1, fastest))
    }

    func burn(micros: Double) { Self.turn(Int(micros * roundsPerMicro)) }

    @inline(never) private static func turn(_ rounds: Int) {
        var state: UInt64 = 88_172_645_463_325_252
        for _ in 0..<rounds {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
        }
        if state == 0 { print("never") }
    }
}

/// Runs `body` on a thread of its own, which `join` waits for.
final class BenchmarkThread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let thread: pthread_t

    init(_ run: @escaping @Sendable () -> Void) {
        let body = Unmanaged.passRetained(Body(run))
        var thread = pthread_t()
        pthread_create(
            &thread,
            nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            },
            body.toOpaque()
        )
        self.thread = thread
    }

    func join() { pthread_join(thread, nil) }
}
