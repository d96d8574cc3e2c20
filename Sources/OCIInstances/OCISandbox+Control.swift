import Glibc
import Instances
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import RuntimeProtocol

/// What the zygote says on the control socket.
extension OCISandbox {
    func take(_ event: ControlHandler.Event) {
        switch event {
        case .loaded(let body): loaded(body)
        case .loadFailed(let meta, let body): failLoading(InstanceError(loadFailure: meta, body))
        case .exited(let number, let status): exited(number, status)
        case .closed(let fault): tools.detach { await self.zygoteEnded(fault) }
        }
    }

    private func loaded(_ body: ByteBuffer) {
        do {
            let report = try LoadReport(loaded: body)
            let promise = lock.withLockedValue { value -> EventLoopPromise<Void>? in
                guard case .loading(let promise) = value.stage else { return nil }
                value.report = report
                value.stage = .serving
                return promise
            }
            promise?.succeed()
        } catch {
            failLoading(InstanceError(.host, "the runtime's report cannot be read: \(error)"))
        }
    }

    private func failLoading(_ error: InstanceError) {
        let promise = lock.withLockedValue { value -> EventLoopPromise<Void>? in
            if case .loading(let promise) = value.stage { promise } else { nil }
        }
        promise?.fail(error)
    }

    private func exited(_ number: UInt32, _ status: UInt32) {
        guard let child = lock.withLockedValue({ $0.children[number] }) else { return }
        child.exit.succeed(status)
        // A process of the handler's own may still hold the other end open.
        child.instance.closeSocket()
    }

    private func zygoteEnded(_ fault: String?) async {
        // While we close it what stands for it here is taken away, and why it ends is known.
        let descriptor = lock.withLockedValue { value -> CInt? in
            switch value.stage {
            case .loading, .serving: fcntl(place.zygotePIDDescriptor, F_DUPFD_CLOEXEC, 0)
            case .closing, .ended: nil
            }
        }
        guard let descriptor else { return }
        let group = place.zygoteGroup
        let (isOutOfMemory, boot, how) =
            await tools.run { [tools, place] in
                // First: what is counted and printed is so once the process has ended.
                let how = fault == nil ? ProcessEnd.wait(for: place.zygotePID, descriptor) : nil
                return (tools.cgroups.memoryKills(in: group) > 0, place.bootLog.text, how)
            } ?? (false, "", nil)
        Glibc.close(descriptor)
        failLoading(
            isOutOfMemory
                ? InstanceError(
                    .outOfMemory,
                    "loading needs more memory than the limit of \(place.memoryMiB) MiB: "
                        + "raise limits.memory"
                )
                : InstanceError(
                    .load(.importRaised),
                    fault ?? how.map { "the process ended while it loaded: \($0)" }
                        ?? "the process ended while it loaded",
                    log: boot
                )
        )
        let reason = fault ?? how?.description ?? "it ended"
        await end(.died(isOutOfMemory ? "it ran out of memory" : reason))
    }
}
