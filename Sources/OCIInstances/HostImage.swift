import Functions
import Glibc
import Instances

/// The image `host`: the host's own interpreter and libraries, read-only, and nothing else of it.
///
/// All mounts are made in the container's own mount namespace, so that none is ever left on the
/// host.
enum HostImage {
    /// Folders of the image's empty root, onto which the mounts go.
    private static let folders = [
        "usr", "proc", "dev", "tmp", "etc", "function", "runtime", "runtime-layer", "layers",
        "home", "sys/devices/system/cpu", "run", "var/tmp", "layer", "build", "tools", "model",
    ]

    /// Top-level names that are links into `/usr` on a merged-usr host and folders on others.
    private static let systemFolders = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]

    /// Single files and folders of `/etc` that libraries look for.
    private static let settings = [
        "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "nsswitch.conf",
        "mime.types", "fonts",
    ]

    /// What a sandbox with network needs besides.
    private static let networkSettings = [
        "ssl", "ca-certificates", "resolv.conf", "hosts", "pip.conf",
    ]

    /// All that can be written to in a sandbox, each of a size of its own.
    static let scratch = ["/tmp", "/dev/shm"]

    /// Makes the empty root at `folder`; what is there already stays.
    static func prepareRoot(_ folder: String, layerCountMax: Int) throws(InstanceError) {
        for name in folders { try Files.makeFolder("\(folder)/\(name)") }
        // The OCI runtime gives a tmpfs the mode of the folder that it covers.
        chmod("\(folder)/tmp", 0o1777)
        for index in 0..<layerCountMax { try Files.makeFolder("\(folder)/layers/\(index)") }
        for name in systemFolders {
            if let target = linkTarget("/\(name)") {
                if !Files.exists("\(folder)/\(name)") { symlink(target, "\(folder)/\(name)") }
            } else if Files.exists("/\(name)") {
                try Files.makeFolder("\(folder)/\(name)")
            }
        }
        if !Files.exists("\(folder)/build/requirements.txt") {
            try Files.write("", to: "\(folder)/build/requirements.txt")
        }
        for name in settings + networkSettings where Files.exists("/etc/\(name)") {
            try prepareTarget("\(folder)/etc/\(name)", like: "/etc/\(name)")
        }
        try Files.write(
            "root:x:0:0::/:/bin/false\nfunction:x:65534:65534::/tmp:/bin/false\n",
            to: "\(folder)/etc/passwd"
        )
        try Files.write("root:x:0:\nfunction:x:65534:\n", to: "\(folder)/etc/group")
    }

    /// The mounts that make the image, `/tmp` of `temporaryMiB` included.
    static func mounts(hasNetwork: Bool, temporaryMiB: Int) -> [OCISpecification.Mount] {
        var mounts = [
            OCISpecification.Mount(
                destination: "/proc",
                type: "proc",
                source: "proc",
                options: ["nosuid", "noexec", "nodev"]
            ),
            OCISpecification.Mount(
                destination: "/dev",
                type: "tmpfs",
                source: "tmpfs",
                options: ["nosuid", "strictatime", "mode=755", "size=64k"]
            ),
            OCISpecification.Mount(
                destination: "/dev/shm",
                type: "tmpfs",
                source: "shm",
                options: ["nosuid", "noexec", "nodev", "mode=1777", "size=\(temporaryMiB)m"]
            ),
            OCISpecification.Mount(
                destination: "/tmp",
                type: "tmpfs",
                source: "tmpfs",
                options: ["nosuid", "nodev", "mode=1777", "size=\(temporaryMiB)m"]
            ),
            readOnly("/usr", at: "/usr"),
        ]
        for name in systemFolders where Files.exists("/\(name)") && linkTarget("/\(name)") == nil {
            mounts.append(readOnly("/\(name)", at: "/\(name)"))
        }
        let names = hasNetwork ? settings + networkSettings : settings
        for name in names where Files.exists("/etc/\(name)") {
            mounts.append(readOnly("/etc/\(name)", at: "/etc/\(name)"))
        }
        if Files.exists("/sys/devices/system/cpu") {
            mounts.append(readOnly("/sys/devices/system/cpu", at: "/sys/devices/system/cpu"))
        }
        return mounts
    }

    static func readOnly(_ source: String, at destination: String) -> OCISpecification.Mount {
        OCISpecification.Mount(
            destination: destination,
            type: "bind",
            source: source,
            options: ["rbind", "rprivate", "ro", "nosuid", "nodev"]
        )
    }

    /// A folder with the weights and nothing else, neither of which can be written to.
    ///
    /// The folder is the container's own: the file's name is made in no image that others share.
    static func model(
        _ source: String,
        at model: Manifest.ModelFile
    ) -> [OCISpecification.Mount] {
        var file = readOnly(source, at: model.path)
        file.options.append("noexec")
        return [
            OCISpecification.Mount(
                destination: Manifest.ModelFile.folder,
                type: "tmpfs",
                source: "tmpfs",
                options: ["ro", "nosuid", "nodev", "noexec", "mode=755", "size=64k"]
            ),
            file,
        ]
    }

    private static func linkTarget(_ path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = bytes.withUnsafeMutableBytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) { characters in
                characters.baseAddress.map { readlink(path, $0, characters.count) } ?? -1
            }
        }
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }

    private static func prepareTarget(_ path: String, like source: String) throws(InstanceError) {
        var status = stat()
        guard !Files.exists(path), stat(source, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            try Files.makeFolder(path)
        } else {
            try Files.write("", to: path)
        }
    }
}
