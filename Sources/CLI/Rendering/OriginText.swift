import Functions

/// Where a revision comes from, for people.
enum OriginText {
    /// As long as git makes it in a large repository.
    static let commitLength = 10

    static func commit(_ origin: Origin) -> String {
        origin.commit.map { String($0.prefix(commitLength)) } ?? "-"
    }

    /// The name without the address.
    static func author(_ origin: Origin) -> String {
        guard let author = origin.author else { return "-" }
        let name = author.prefix { $0 != "<" }.trimmedAtEnd
        return name.isEmpty ? author : String(name)
    }

    /// What a description says of it.
    static func fields(_ origin: Origin, paint: Paint) -> [(String, String)] {
        var fields: [(String, String)] = []
        if origin.commit != nil {
            let subject = origin.subject.map { " \(paint.harmless($0))" } ?? ""
            fields.append(("commit", commit(origin) + subject))
        }
        if let author = origin.author { fields.append(("author", paint.harmless(author))) }
        let place = [origin.repository, origin.branch.map { "branch \($0)" }].compactMap(\.self)
        if !place.isEmpty {
            fields.append(("from", paint.harmless(place.joined(separator: ", "))))
        }
        if let user = origin.deployedBy { fields.append(("by", paint.harmless(user))) }
        return fields
    }
}

extension Substring {
    fileprivate var trimmedAtEnd: Substring {
        var text = self
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
