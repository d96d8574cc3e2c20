import Functions
import GatewayAPI
import Instances
import Packaging
import Pooling
import Scheduling
import Storage

/// A new revision loads its model and answers its sample, before it takes traffic.
extension Deploy {
    /// With instances forked from a zygote where these answer the sample in time and as expected.
    ///
    /// What a forked instance fails at is tried again in a process that has loaded the model by
    /// itself, whose failure is then the one told: most often the function is at fault.
    func tryOut(
        _ revision: Revision,
        _ folder: FunctionFolder
    ) async throws -> (Pool, Storage.LoadReport) {
        if folder.manifest.isolation == .instance {
            let reason = "the manifest says `isolation: instance`"
            return try await tryOut(revision, folder, withoutFork: reason)
        }
        do {
            return try await tryOut(revision, folder, withoutFork: nil)
        } catch let failure as ForkFailure {
            await say(.trial, "trying without a fork: \(failure.reason)")
            return try await tryOut(revision, folder, withoutFork: failure.reason)
        }
    }

    /// The sample was not answered well by a fork of the zygote, though it may be by a process that
    /// has loaded the model itself.
    private struct ForkFailure: Error {
        let reason: String

        init(_ reason: String, threads: [String]) {
            let lost =
                threads.isEmpty
                ? ""
                : ", and the threads \(threads.joined(separator: ", ")) do not survive a fork"
            let line = reason.split(whereSeparator: \.isNewline).joined(separator: " ")
            self.reason = line.prefix(Self.reasonCharactersMax) + lost
        }

        private static let reasonCharactersMax = 400
    }

    /// An answer that the sample does not allow.
    private struct WrongAnswer: Error {
        /// What is wrong, as the end of "a forked instance ...".
        let deed: String
        let problem: Problem
    }

    /// Loads the handler in a pool of its own and has an instance answer the sample.
    private func tryOut(
        _ revision: Revision,
        _ folder: FunctionFolder,
        withoutFork reason: String?
    ) async throws -> (Pool, Storage.LoadReport) {
        let pool = deployer.scheduler.makePool(for: revision, forks: reason == nil)
        do {
            guard stop.tries(pool) else { throw Self.givenUp }
            var report = try await tryOut(pool, folder)
            report.isForkable = reason == nil
            report.notForkableReason = reason
            return (pool, report)
        } catch {
            await deployer.scheduler.retire(pool, rejectingWaiting: true)
            throw error
        }
    }

    private func tryOut(_ pool: Pool, _ folder: FunctionFolder) async throws -> Storage.LoadReport {
        await say(.load, "loading the handler in its sandbox")
        let sample = try await blocking { () -> (SampleFile, [UInt8])? in
            guard let sample = folder.sample else { return nil }
            return (sample, try sample.body())
        }
        do {
            if let (sample, body) = sample {
                let answer = try await Trial.run(
                    body,
                    contentType: sample.contentType,
                    id: makeID(),
                    on: pool,
                    eventLoop: deployer.loop
                )
                let kind = pool.forks ? "a forked instance" : "an instance"
                await say(.trial, "\(kind) answered in \(answer.runMicros) us")
                try await compare(answer, sample, body)
            } else {
                try await Trial.start(id: makeID(), on: pool, eventLoop: deployer.loop)
            }
        } catch let failure as Trial.Failure {
            try blameFork(of: pool, failure.forkReason(in: pool))
            throw Problem(failure, last: pool.lastFailure)
        } catch let wrong as WrongAnswer {
            try blameFork(of: pool, "a forked instance \(wrong.deed)")
            throw wrong.problem
        }
        return try await report(of: pool)
    }

    /// - Throws: ``ForkFailure`` if the pool forks and there is a reason why that may be at fault.
    private func blameFork(of pool: Pool, _ reason: String?) throws {
        guard pool.forks, let reason else { return }
        throw ForkFailure(reason, threads: pool.report?.threads ?? [])
    }

    /// Without an expected answer any that is no error will do: what a process that was not forked
    /// would have answered is not known, and to find out would take a second load.
    private func compare(_ answer: Trial.Answer, _ sample: SampleFile, _ body: [UInt8]) async throws
    {
        let given = "input: \(Self.excerpt(body))\nanswer: \(Self.excerpt(answer.body))"
        guard answer.status < 400 else {
            let deed = "answered the sample with status \(answer.status)"
            throw WrongAnswer(
                deed: deed,
                problem: Problem(
                    .sampleFailed,
                    detail: "The sample was answered with status \(answer.status).\n\(given)"
                )
            )
        }
        let expected = try await blocking { try sample.expected() }
        guard let expected else {
            return await say(.sample, "\(sample.name) was answered", detail: given)
        }
        let difference: SampleComparison.Difference?
        do {
            difference = try await blocking {
                try SampleComparison().firstDifference(expected: expected, answer: answer.body)
            }
        } catch let error as PackagingError {
            throw WrongAnswer(
                deed: "answered the sample: \(error.message)",
                problem: Problem(error)
            )
        }
        if let difference {
            throw WrongAnswer(
                deed: "answered the sample wrongly: \(difference)",
                problem: Problem(
                    .sampleFailed,
                    detail: "The answer to \(sample.name) differs: \(difference).\n\(given)\n"
                        + "expected: \(Self.excerpt(expected))"
                )
            )
        }
        await say(.sample, "\(sample.name) was answered as expected", detail: given)
    }

    /// The beginning of a text, in one line.
    private static func excerpt(_ bytes: [UInt8]) -> String {
        guard let text = String(validating: bytes.prefix(excerptBytesMax), as: UTF8.self) else {
            return "\(bytes.count) bytes"
        }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return bytes.count > excerptBytesMax ? "\(line)... (\(bytes.count) bytes)" : line
    }

    private static let excerptBytesMax = 160

    private func report(of pool: Pool) async throws -> Storage.LoadReport {
        guard let report = pool.report else {
            throw Problem(.trialFailed, detail: "The sandbox ended after its trial.")
        }
        let memory = await pool.zygoteMemoryMiB()
        deployer.dispatcher.logs.append(pool.revision, load: report.log)
        return Storage.LoadReport(report, zygoteMemoryMiB: memory)
    }
}
