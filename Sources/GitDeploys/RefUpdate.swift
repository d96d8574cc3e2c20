/// One reference that a push changes, as git tells its hooks: `OLD NEW REFERENCE`.
package struct RefUpdate: Sendable, Hashable {
    /// Nil for a reference that is made.
    package let old: ObjectID?
    /// Nil for one that is deleted.
    package let new: ObjectID?
    package let reference: String

    package init(old: ObjectID?, new: ObjectID?, reference: String) {
        self.old = old
        self.new = new
        self.reference = reference
    }

    /// The branch's name; nil for tags and all else.
    package var branch: String? {
        let prefix = "refs/heads/"
        guard reference.hasPrefix(prefix), reference.utf8.count > prefix.utf8.count else {
            return nil
        }
        return String(reference.dropFirst(prefix.count))
    }
}

extension RefUpdate {
    /// Reads the lines that git writes to the standard input of `pre-receive` and `post-receive`.
    ///
    /// - Throws: `updateInvalid`, `limitExceeded`.
    package static func read(_ bytes: [UInt8]) throws(GitDeployError) -> [RefUpdate] {
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        guard lines.count <= GitLimits.updateCountMax else {
            throw GitDeployError(
                .limitExceeded,
                "the push changes \(lines.count) references, more than "
                    + "\(GitLimits.updateCountMax)",
                advice: "push them in several times"
            )
        }
        var updates: [RefUpdate] = []
        for line in lines { updates.append(try update(line)) }
        return updates
    }

    private static func update(_ line: ArraySlice<UInt8>) throws(GitDeployError) -> RefUpdate {
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard parts.count == 3, parts[2].count <= GitLimits.referenceBytesMax,
            let old = ObjectID(String(decoding: parts[0], as: UTF8.self)),
            let new = ObjectID(String(decoding: parts[1], as: UTF8.self)),
            let reference = String(validating: parts[2], as: UTF8.self)
        else {
            throw GitDeployError(
                .updateInvalid,
                "this is no line of a push: "
                    + String(decoding: line.prefix(120), as: UTF8.self).debugDescription,
                advice: "`faas git hook run` is for git's hooks: OLD NEW REFERENCE on each line"
            )
        }
        return RefUpdate(
            old: old.isZero ? nil : old,
            new: new.isZero ? nil : new,
            reference: reference
        )
    }
}
