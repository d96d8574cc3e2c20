import Hosts

/// The CDI files of a host that speak of NVIDIA's GPUs.
struct CDIRegistry {
    static let kind = "nvidia.com/gpu"
    /// A device in a later folder wins over one of the same name in an earlier folder.
    static let folders = ["/etc/cdi", "/var/run/cdi"]
    static let fileBytesMax = 4 << 20
    /// Files read in one folder, in the order of their names.
    static let filesMax = 256

    /// A device as found, with the file that has it.
    struct Entry {
        let path: String
        let specification: CDISpecification
        let device: CDISpecification.Device
    }

    /// Files that were passed over; their devices count as absent.
    private(set) var invalid: [DevicesError] = []
    private var folders: [[Entry]] = []

    init(in tree: HostTree) {
        for folder in Self.folders {
            var entries: [Entry] = []
            let names = tree.names(in: folder).filter {
                $0.hasSuffix(".json") || $0.hasSuffix(".yaml")
            }
            for name in names.prefix(Self.filesMax) {
                do throws(DevicesError) {
                    entries += try Self.entries(of: "\(folder)/\(name)", in: tree)
                } catch {
                    invalid.append(error)
                }
            }
            folders.append(entries)
        }
    }

    /// The device of that name; nil if no file has it.
    ///
    /// - Throws: `specificationConflict` where two files of one folder have it.
    func device(named name: String) throws(DevicesError) -> Entry? {
        for folder in folders.reversed() {
            let entries = folder.filter { $0.device.name == name }
            guard entries.count < 2 else {
                throw DevicesError(
                    .specificationConflict,
                    "two CDI files define \(Self.kind)=\(name): remove one of them",
                    cause: entries.map(\.path).joined(separator: " and ")
                )
            }
            if let entry = entries.first { return entry }
        }
        return nil
    }

    private static func entries(
        of path: String,
        in tree: HostTree
    ) throws(DevicesError) -> [Entry] {
        guard let bytes = tree.contents(of: path, bytesMax: fileBytesMax) else {
            throw CDISpecification.invalid(path, "unreadable, or over \(fileBytesMax) bytes")
        }
        let specification = try CDISpecification(bytes, path: path)
        guard specification.kind == kind else { return [] }
        return specification.devices.map {
            Entry(path: path, specification: specification, device: $0)
        }
    }
}
