import GatewayAPI

extension HostChecks {
    static func dataFolder(_ facts: HostFacts) -> NodeCheck {
        if let fault = facts.dataFolderFault {
            return .failed(
                "data folder",
                "no file can be made in \(facts.dataFolder): \(fault)",
                advice: "start the gateway with --data and a folder that it may write to"
            )
        }
        if facts.isDataFolderNoExec {
            return .warning(
                "data folder",
                "\(facts.dataFolder) is mounted noexec, "
                    + "so compiled libraries of requirements cannot be loaded",
                advice: "mount it without noexec, or choose another folder with --data"
            )
        }
        return .ok("data folder", "\(facts.dataFolder) can be written to")
    }

    static func disk(_ facts: HostFacts) -> NodeCheck {
        guard let bytes = facts.diskFreeBytes else {
            return .warning("disk", "the file system of \(facts.dataFolder) could not be asked")
        }
        let message = "\(size(bytes)) free for \(facts.dataFolder)"
        let advice =
            "free some space, or choose a folder on a larger disk with --data or FAAS_DATA"
        if bytes < diskFreeBytesMin { return .failed("disk", message, advice: advice) }
        if bytes < diskFreeBytesWarning { return .warning("disk", message, advice: advice) }
        return .ok("disk", message)
    }

    private static func size(_ bytes: Int64) -> String {
        bytes < 10 << 30 ? "\(bytes >> 20) MiB" : "\(bytes >> 30) GiB"
    }
}
