/// The file that git runs for a hook: all it does is to start `faas`.
package enum HookScript {
    package enum Hook: String, Sendable, Hashable, CaseIterable, Codable {
        case preReceive = "pre-receive"
        case postReceive = "post-receive"
    }

    /// What a hook's name ends in that was there before ours.
    package static let keptSuffix = ".before-faas"
    /// By this line a hook is known as ours.
    private static let mark = "# Deploys what is pushed; `faas git hook install` made it."

    /// `program` is the path of `faas`.
    package static func text(_ hook: Hook, program: String) -> String {
        let quoted = "'" + program.replacing("'", with: "'\\''") + "'"
        return """
            #!/bin/sh
            \(mark)
            exec \(quoted) git hook run \(hook.rawValue) --before "$0\(keptSuffix)"

            """
    }

    package static func isOurs(_ text: [UInt8]) -> Bool {
        String(decoding: text, as: UTF8.self).contains(mark)
    }
}
