import Foundation
import Functions
import Testing
import Weights

@Suite struct SourceTests {
    private static let digest = String(repeating: "0", count: 64)

    private static let faulty: [(source: String, code: WeightsError.Code, says: String)] = [
        ("", .sourceInvalid, "file:///PATH"),
        ("model.bin", .sourceInvalid, "file:///PATH"),
        ("ftp://example.org/model.bin", .sourceInvalid, "https://HOST/PATH"),
        ("file://model.bin", .sourceInvalid, "file:///PATH"),
        ("file://host/model.bin", .sourceInvalid, "file:///PATH"),
        ("file:///models/..", .sourceInvalid, "no file name"),
        ("https://example.org/a/", .sourceInvalid, "no file name"),
        ("https://example.org/a b", .sourceInvalid, "percent-encode"),
        ("https://me:secret@example.org/model.bin", .sourceInvalid, "remove it"),
        ("https:///model.bin", .sourceInvalid, "URL"),
        ("http://example.org/model.bin", .sourceRefused, "use https"),
        ("http://10.0.0.1/model.bin", .sourceRefused, "use https"),
        ("http://127.0.0.1.example.org/model.bin", .sourceRefused, "use https"),
        ("https://169.254.169.254/latest/meta-data", .sourceRefused, "link-local"),
        ("https://0xa9fea9fe/latest/meta-data", .sourceRefused, "link-local"),
        ("https://[fe80::1]/model.bin", .sourceRefused, "link-local"),
        ("https://[::ffff:169.254.169.254]/model.bin", .sourceRefused, "link-local"),
        ("https://[fd00:ec2::254]/model.bin", .sourceRefused, "metadata"),
        ("https://[64:ff9b::a9fe:a9fe]/model.bin", .sourceRefused, "link-local"),
        ("https://0.0.0.0/model.bin", .sourceRefused, "unspecified"),
        ("https://224.0.0.1/model.bin", .sourceRefused, "multicast"),
        ("s3://bucket", .sourceInvalid, "s3://BUCKET/KEY"),
        ("s3:///key", .sourceInvalid, "s3://BUCKET/KEY"),
        ("s3://bu@cket/key", .sourceInvalid, "s3://BUCKET/KEY"),
        ("s3://bucket/key", .sourceRefused, "AWS_ACCESS_KEY_ID"),
    ]

    @Test(arguments: faulty)
    func `a source that is none is refused before anything is asked of it`(
        source: String,
        code: WeightsError.Code,
        says: String
    ) throws {
        let folder = try WeightFolder()
        let file = Manifest.ModelFile(source: source, sha256: Self.digest)

        let error = #expect(throws: WeightsError.self) { try folder.store().fetch(file) }

        #expect(error?.code == code, "\(error?.message ?? "")")
        #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("secret") == false)
        #expect(folder.stored == [])
    }

    @Test(arguments: ["", "0", String(repeating: "A", count: 64), "../../../../etc/passwd"])
    func `a digest that is none is refused`(digest: String) throws {
        let folder = try WeightFolder()
        let weights = try folder.make()
        let file = Manifest.ModelFile(source: "file://\(weights.path)", sha256: digest)

        let error = #expect(throws: WeightsError.self) { try folder.store().fetch(file) }

        #expect(error?.code == .sourceInvalid)
        #expect(!folder.store().exists(digest))
    }

    @Test func `s3 needs a region unless an endpoint is named`() throws {
        let folder = try WeightFolder()
        let keys = ["AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"]
        let file = Manifest.ModelFile(source: "s3://bucket/key", sha256: Self.digest)

        let error = #expect(throws: WeightsError.self) {
            try folder.store(environment: keys).fetch(file)
        }

        #expect(error?.message.contains("AWS_REGION") == true)
    }

    @Test func `only a regular file that everyone may read is copied`() throws {
        let folder = try WeightFolder()
        let weights = try folder.make()
        let link = "\(folder.files)/link"
        let pipe = "\(folder.files)/pipe"
        try #require(symlink(weights.path, link) == 0)
        try #require(mkfifo(pipe, 0o644) == 0)
        let secret = try folder.make("secret")
        try #require(chmod(secret.path, 0o600) == 0)
        let own = "\(folder.data)/registry.sqlite"
        try Data([1]).write(to: URL(filePath: own))

        let faults = [
            (link, "symbolic link"), (folder.files, "not a regular file"),
            (pipe, "not a regular file"), ("/dev/null", "not a regular file"),
            (secret.path, "chmod o+r"), (own, "gateway itself"), ("/proc/self/mounts", "kernel"),
            ("/proc/self/root\(own)", "gateway itself"), ("/nowhere/at/all", "No such file"),
        ]

        for (path, says) in faults {
            let error = #expect(throws: WeightsError.self, "\(path)") {
                try folder.store().fetch(weights.at("file://\(path)"))
            }
            #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
        }
        #expect(folder.stored == [])
    }

    @Test func `nothing is told of what lies below a folder that not everyone may enter`() throws {
        let folder = try WeightFolder()
        let closed = "\(folder.files)/closed"
        let inner = "\(closed)/inner"
        try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
        let secret = try folder.make("closed/inner/notes.txt")
        let link = "\(folder.files)/link"
        try #require(symlink(inner, link) == 0)
        try #require(chmod(secret.path, 0o644) == 0 && chmod(closed, 0o700) == 0)

        for path in [
            secret.path, "\(inner)/none", "\(link)/notes.txt", "\(inner)/../inner/notes.txt",
        ] {
            let error = #expect(throws: WeightsError.self, "\(path)") {
                try folder.store().fetch(secret.at("file://\(path)"))
            }
            #expect(error?.code == .sourceRefused)
            #expect(error?.message.contains("may enter \(closed)/: run chmod o+x") == true)
        }
        #expect(folder.stored == [])
    }
}
