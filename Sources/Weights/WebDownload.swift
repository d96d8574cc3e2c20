/// Tries, one after another, until a file is here.
struct WebDownload {
    let request: WebRequest
    let partial: PartialFile
    let limits: WeightLimits
    let certificates: String?
    let stop: StopSignal
    let progress: (Int64, Int64?) -> Void

    /// Blocking; each try goes on where the last one ended.
    func run() throws(WeightsError) {
        var retries = 0
        while true {
            let before = partial.byteCount
            let transfer = WebTransfer(
                request,
                into: partial,
                limits: limits,
                certificates: certificates,
                isStopped: { [stop] in stop.wasGiven },
                progress: progress
            )
            switch transfer.run() {
            case .whole: return
            case .failed(let error): throw error
            case .again(let reason):
                if partial.byteCount - before >= limits.retriesAnewBytes { retries = 0 }
                guard retries < limits.retriesMax else { throw unreachable(reason) }
                guard !stop.wait(millis: pauseMillis(after: retries)) else { throw .stopping }
                retries += 1
            }
        }
    }

    private func pauseMillis(after retries: Int) -> Int {
        min(limits.backoffLastMillis, limits.backoffFirstMillis << min(retries, 20))
    }

    private func unreachable(_ reason: String) -> WeightsError {
        let kept = partial.byteCount
        return WeightsError(
            .unreachable,
            "\(request.shown) could not be fetched in \(limits.retriesMax + 1) tries: \(reason)"
                + (kept > 0 ? "; \(kept) bytes are kept: deploy again, and the fetch goes on" : "")
        )
    }
}
