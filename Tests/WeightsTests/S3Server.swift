import Foundation
import Testing

/// A `moto_server`: it answers as S3 does and checks every signature.
final class S3Server: Sendable {
    /// Among the tests' own Python packages, or on the PATH.
    static let program: String? = {
        let environment = ProcessInfo.processInfo.environment
        if let named = environment["MOTO_SERVER"] { return named }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return ([root.appending(path: ".venv-tests/bin").path] + folders)
            .map { "\($0)/moto_server" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    static let region = "eu-north-1"
    static let bucket = "weights"
    private static let linesMax = 1000

    let url: String
    /// Of a user who may read.
    let keys: (id: String, secret: String)
    private let process: Process
    private let errors: Pipe

    /// Starts it with the files of `folder` as objects, each under `folder/NAME`.
    init(folder: String) throws {
        let program = try #require(Self.program)
        let process = Process()
        let errors = Pipe()
        process.executableURL = URL(filePath: program)
        process.arguments = ["-H", "127.0.0.1", "-p", "0"]
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["INITIAL_NO_AUTH_ACTION_COUNT": "1000000"]
        ) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        try process.run()
        self.process = process
        self.errors = errors
        url = "http://127.0.0.1:\(try Self.port(in: errors))"
        let printed = try Shell.run(
            URL(filePath: program).deletingLastPathComponent().appending(path: "python3").path,
            "-c",
            Self.filling,
            url,
            folder
        )
        let words = String(decoding: printed, as: UTF8.self).split(separator: " ")
        try #require(words.count == 2)
        keys = (String(words[0]), String(words[1]))
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// What a gateway's environment would be.
    var environment: [String: String] {
        [
            "AWS_ACCESS_KEY_ID": keys.id, "AWS_SECRET_ACCESS_KEY": keys.secret,
            "AWS_REGION": Self.region, "AWS_ENDPOINT_URL_S3": url,
        ]
    }

    /// The server prints ` * Running on http://127.0.0.1:PORT`.
    private static func port(in pipe: Pipe) throws -> String {
        for _ in 0..<linesMax {
            var line = ""
            while !line.hasSuffix("\n"),
                let byte = try pipe.fileHandleForReading.read(upToCount: 1), !byte.isEmpty
            {
                line += String(decoding: byte, as: UTF8.self)
            }
            if let place = line.firstRange(of: "http://127.0.0.1:") {
                return String(line[place.upperBound...].prefix(while: \.isNumber))
            }
            if line.isEmpty { break }
        }
        throw Shell.Fault(description: "moto_server did not start")
    }

    private static let filling = """
        import json, pathlib, sys, urllib.request, boto3
        url, folder = sys.argv[1:]
        def client(name):
            return boto3.client(name, region_name="\(region)", endpoint_url=url,
                                aws_access_key_id="any", aws_secret_access_key="any")
        s3, iam = client("s3"), client("iam")
        s3.create_bucket(Bucket="\(bucket)",
                         CreateBucketConfiguration={"LocationConstraint": "\(region)"})
        for path in pathlib.Path(folder).iterdir():
            s3.put_object(Bucket="\(bucket)", Key=f"folder/{path.name}", Body=path.read_bytes())
        policy = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        iam.create_user(UserName="reader")
        iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName="reader")["AccessKey"]
        urllib.request.urlopen(urllib.request.Request(
            url + "/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"}))
        print(key["AccessKeyId"], key["SecretAccessKey"], end="")
        """
}
