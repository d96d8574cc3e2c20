import Glibc
import Packaging
import Testing

/// A folder that is there for one test.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/packaging-tests-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? Bundle.remove(folder: path) }

    /// Makes a folder in it, with those above.
    @discardableResult
    func folder(_ name: String) throws -> String {
        var made = path
        for component in name.split(separator: "/") {
            made += "/\(component)"
            if access(made, F_OK) != 0 { try #require(mkdir(made, 0o755) == 0) }
        }
        return made
    }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o644) throws -> String {
        if let slash = name.lastIndex(of: "/") { try folder(String(name[..<slash])) }
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            try #require(count > 0)
            rest = rest.dropFirst(count)
        }
        try #require(fchmod(descriptor, mode) == 0)
        return file
    }

    @discardableResult
    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        try write(name, Array(text.utf8), mode: mode)
    }

    func link(_ name: String, to target: String) throws {
        if let slash = name.lastIndex(of: "/") { try folder(String(name[..<slash])) }
        try #require(symlink(target, "\(path)/\(name)") == 0)
    }
}

/// The bytes of any file.
func contents(of path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    try #require(descriptor >= 0, "\(path)")
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        try #require(count >= 0)
        guard count > 0 else { return bytes }
        bytes += chunk[..<count]
    }
}

func mode(of path: String) throws -> mode_t {
    var status = stat()
    try #require(lstat(path, &status) == 0)
    return status.st_mode & 0o7777
}

func names(in folder: String) throws -> [String] {
    let stream = try #require(opendir(folder))
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}
