import GatewayAPI

extension NodeChecks {
    static func dataFolder(_ facts: NodeFacts) -> NodeCheck {
        if let fault = facts.dataFolderFault {
            return NodeCheck(
                name: "data folder",
                state: .failed,
                message: "no file can be made in \(facts.dataFolder): \(fault)",
                advice: "start the gateway with --data and a folder that it may write to"
            )
        }
        if facts.isDataFolderNoExec {
            return NodeCheck(
                name: "data folder",
                state: .warning,
                message: "\(facts.dataFolder) is mounted noexec, "
                    + "so compiled libraries of requirements cannot be loaded",
                advice: "mount it without noexec, or choose another folder with --data"
            )
        }
        return NodeCheck(
            name: "data folder",
            state: .ok,
            message: "\(facts.dataFolder) can be written to"
        )
    }

    static func disk(_ facts: NodeFacts) -> NodeCheck {
        guard let bytes = facts.diskFreeBytes else {
            return NodeCheck(
                name: "disk",
                state: .warning,
                message: "the file system of \(facts.dataFolder) could not be asked"
            )
        }
        let state: NodeCheck.State =
            bytes < diskFreeBytesMin ? .failed : (bytes < diskFreeBytesWarning ? .warning : .ok)
        return NodeCheck(
            name: "disk",
            state: state,
            message: "\(size(bytes)) free for \(facts.dataFolder)",
            advice: state == .ok
                ? nil : "free some space, or choose a folder on a larger disk with --data"
        )
    }

    private static func size(_ bytes: Int64) -> String {
        bytes < 10 << 30 ? "\(bytes >> 20) MiB" : "\(bytes >> 30) GiB"
    }
}
