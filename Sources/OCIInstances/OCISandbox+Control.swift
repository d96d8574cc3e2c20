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
        let group = place.zygoteGroup
        let (isOutOfMemory, boot) =
            await tools.run { [tools, place] in
                (tools.cgroups.memoryKills(in: group) > 0, place.bootLog.text)
            } ?? (false, "")
        failLoading(
            isOutOfMemory
                ? InstanceError(
                    .outOfMemory,
                    "loading needs more memory than the limit of \(place.memoryMiB) MiB: "
                        + "raise limits.memory"
                )
                : InstanceError(
                    .load(.importRaised),
                    fault ?? "the process ended while it loaded",
                    log: boot
                )
        )
        await end(.died(isOutOfMemory ? "it ran out of memory" : fault ?? "it ended"))
    }
}
