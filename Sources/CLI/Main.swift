import Glibc

@main
enum Main {
    static func main() {
        Interruption.install()
        exit(Program.run(Array(CommandLine.arguments.dropFirst())))
    }
}
