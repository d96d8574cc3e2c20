/// The line at the bottom of a terminal that says what goes on; on anything else, plain lines.
struct ProgressLine {
    private static let frames = ["|", "/", "-", "\\"]

    private let console: Console
    private var text = ""
    private var frame = 0
    private var isShown = false

    init(console: Console) { self.console = console }

    /// Says what goes on now; without a terminal this prints a line, if it is a new one.
    mutating func show(_ text: String) {
        let isNew = text != self.text
        self.text = text
        if console.hasLiveLine {
            redraw()
        } else if isNew {
            console.writeError("\(text)\n")
        }
    }

    /// Shows life, on a terminal only.
    mutating func tick(_ text: String) {
        guard console.hasLiveLine else { return }
        self.text = text
        frame = (frame + 1) % Self.frames.count
        redraw()
    }

    /// Leaves `text` behind as a line that stays; without a terminal, if it is not there already.
    mutating func leave(_ text: String) {
        if console.hasLiveLine {
            clear()
            console.writeError("\(text)\n")
        } else if text != self.text {
            console.writeError("\(text)\n")
        }
        self.text = ""
    }

    /// Takes the line away.
    mutating func clear() {
        guard isShown else { return }
        isShown = false
        console.writeError("\r\u{1B}[2K")
    }

    private mutating func redraw() {
        isShown = true
        // Without wrapping, so that a long line can be taken away again.
        let mark = console.errorPaint.blue(Self.frames[frame])
        console.writeError("\r\u{1B}[2K\u{1B}[?7l\(mark) \(text)\u{1B}[?7h")
    }
}
