extension WebRequest {
    /// The error for an answer that is not the file.
    func error(_ head: ResponseHead, body: [UInt8]) -> WeightsError {
        let said = Self.code(in: body).map { ", \($0)" } ?? ""
        let answer = "\(shown) was answered with status \(head.status)\(said)"
        return WeightsError(
            .answerRefused(status: head.status),
            "\(answer): \(advice(head))"
        )
    }

    private func advice(_ head: ResponseHead) -> String {
        if let region = head.bucketRegion, let signature, region != signature.region {
            return "set AWS_REGION to \(region) in the gateway's environment"
        }
        switch (head.status, signature) {
        case (404, _), (410, _): return "correct the model's source"
        case (400, .some), (401, .some), (403, .some):
            return "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the gateway's "
                + "environment, and whether they may read the object"
        case (401, nil), (403, nil): return "name a URL that this host may read"
        case (300..<400, .some):
            return "set AWS_REGION in the gateway's environment to the bucket's"
        default: return "name a URL that answers with the file"
        }
    }

    /// What stands in S3's `<Code>`, if it is a word.
    private static func code(in body: [UInt8]) -> String? {
        let text = String(decoding: body, as: UTF8.self)
        guard let start = text.firstRange(of: "<Code>")?.upperBound else { return nil }
        let word = text[start...].prefix { $0.isASCII && $0.isLetter }
        return word.isEmpty || word.count > 64 ? nil : String(word)
    }
}
