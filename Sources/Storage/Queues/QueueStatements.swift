/// Every statement on `queue.sqlite`, prepared once.
final class QueueStatements {
    // Queues.
    let queues: SQLiteStatement
    let addQueue: SQLiteStatement
    let putQueue: SQLiteStatement
    let owners: SQLiteStatement
    let removeQueue: SQLiteStatement
    let counts: SQLiteStatement
    let lastPlace: SQLiteStatement
    let oldest: SQLiteStatement
    let clear: SQLiteStatement
    // Messages.
    let insert: SQLiteStatement
    let read: SQLiteStatement
    let readOne: SQLiteStatement
    let readGroup: SQLiteStatement
    let find: SQLiteStatement
    let isThere: SQLiteStatement
    let due: SQLiteStatement
    let nextDue: SQLiteStatement
    let delayedGroups: SQLiteStatement
    let move: SQLiteStatement
    let acknowledge: SQLiteStatement
    let retry: SQLiteStatement
    let prepare: SQLiteStatement
    let withdraw: SQLiteStatement
    let bury: SQLiteStatement
    let exhume: SQLiteStatement
    let deadLetters: SQLiteStatement
    let removeDead: SQLiteStatement
    // Deduplication and failures.
    let findDuplicate: SQLiteStatement
    let remember: SQLiteStatement
    let forgetDuplicates: SQLiteStatement
    let forgetQueue: SQLiteStatement
    let addFailure: SQLiteStatement
    let forgetFailures: SQLiteStatement
    // Results and callbacks.
    let keepResult: SQLiteStatement
    let finishResult: SQLiteStatement
    let resultBytes: SQLiteStatement
    let oldestResult: SQLiteStatement
    let dropResult: SQLiteStatement
    let dropResults: SQLiteStatement
    let addCallback: SQLiteStatement
    let callbackFromResult: SQLiteStatement
    let dueCallbacks: SQLiteStatement
    let nextCallback: SQLiteStatement
    let delayCallback: SQLiteStatement
    let dropCallback: SQLiteStatement
    // Schedules.
    let lastTick: SQLiteStatement
    let setTick: SQLiteStatement
    let dropTicks: SQLiteStatement

    init(on database: OpaquePointer) throws(StorageError) {
        func make(_ text: String) throws(StorageError) -> SQLiteStatement {
            try SQLiteStatement(text, on: database)
        }
        queues = try make("SELECT number, kind, name FROM queue")
        addQueue = try make(
            """
            INSERT INTO queue (kind, name, account) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
            RETURNING number
            """
        )
        putQueue = try make(
            """
            INSERT INTO queue (number, kind, name, account) VALUES (?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """
        )
        owners = try make("SELECT number, account FROM queue")
        removeQueue = try make("DELETE FROM queue WHERE number = ?")
        counts = try make(
            """
            SELECT place >> 40, origin, dueAt IS NOT NULL, count(*) FROM message GROUP BY 1, 2, 3
            """
        )
        lastPlace = try make("SELECT max(place) FROM message WHERE place >= ? AND place < ?")
        oldest = try make(
            "SELECT id FROM message WHERE place >= ? AND place < ? ORDER BY place LIMIT 1"
        )
        clear = try make(
            """
            DELETE FROM message WHERE place IN (
                SELECT place FROM message WHERE place >= ? AND place < ? AND origin IS NULL
                LIMIT ?
            ) RETURNING dueAt IS NOT NULL
            """
        )
        insert = try make(
            """
            INSERT INTO message (place, id, dueAt, groupKey, callback, headers, body)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """
        )
        read = try make(
            """
            SELECT place, id, attempt, tries, dueAt, verdict, groupKey, origin, diedAt, code,
                detail, callback, headers, body
            FROM message WHERE place > ? AND place < ? AND dueAt IS NULL ORDER BY place LIMIT ?
            """
        )
        readOne = try make(
            """
            SELECT place, id, attempt, tries, dueAt, verdict, groupKey, origin, diedAt, code,
                detail, callback, headers, body
            FROM message WHERE place = ?
            """
        )
        readGroup = try make(
            """
            SELECT place, id, attempt, tries, dueAt, verdict, groupKey, origin, diedAt, code,
                detail, callback, headers, body
            FROM message WHERE groupKey = ? AND place > ? AND place < ? ORDER BY place LIMIT 1
            """
        )
        find = try make(
            """
            SELECT place, id, attempt, tries, dueAt, verdict, groupKey, origin, diedAt, code,
                detail, callback, headers, body
            FROM message WHERE id = ?
            """
        )
        isThere = try make("SELECT 1 FROM message WHERE place = ?")
        due = try make(
            "SELECT place, groupKey FROM message WHERE dueAt <= ? ORDER BY dueAt LIMIT ?"
        )
        nextDue = try make("SELECT min(dueAt) FROM message WHERE dueAt > ?")
        delayedGroups = try make(
            "SELECT place, groupKey FROM message WHERE dueAt IS NOT NULL AND groupKey IS NOT NULL"
        )
        move = try make("UPDATE message SET place = ?, dueAt = NULL WHERE place = ?")
        acknowledge = try make("DELETE FROM message WHERE place = ?")
        retry = try make(
            """
            UPDATE message SET attempt = ?, tries = ?, dueAt = ?, verdict = NULL, code = ?,
                detail = ?, origin = NULL, diedAt = NULL WHERE place = ?
            """
        )
        prepare = try make(
            "UPDATE message SET verdict = ?, code = ?, detail = ? WHERE place = ?"
        )
        withdraw = try make("UPDATE message SET verdict = NULL WHERE place = ?")
        bury = try make(
            """
            UPDATE message SET place = ?, origin = ?, diedAt = ?, attempt = ?, tries = ?, code = ?,
                detail = ?, dueAt = NULL, verdict = NULL WHERE place = ?
            """
        )
        exhume = try make(
            """
            UPDATE message SET place = ?, attempt = ?, origin = NULL, diedAt = NULL, tries = 0,
                verdict = NULL WHERE place = ?
            """
        )
        deadLetters = try make(
            """
            SELECT place, id, attempt, tries, dueAt, verdict, groupKey, origin, diedAt, code,
                detail, callback, headers, body
            FROM message WHERE place >= ? AND place < ? AND origin = ? ORDER BY place LIMIT ?
            """
        )
        removeDead = try make(
            """
            DELETE FROM message WHERE place IN (
                SELECT place FROM message WHERE place >= ? AND place < ? AND origin = ? LIMIT ?
            )
            """
        )
        findDuplicate = try make(
            "SELECT id FROM deduplication WHERE queue = ? AND key = ? AND expiresAt > ?"
        )
        remember = try make(
            """
            INSERT INTO deduplication (queue, key, id, expiresAt) VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET id = excluded.id, expiresAt = excluded.expiresAt
            """
        )
        forgetDuplicates = try make(
            """
            DELETE FROM deduplication WHERE (queue, key) IN (
                SELECT queue, key FROM deduplication WHERE expiresAt <= ? LIMIT 1000
            )
            """
        )
        forgetQueue = try make("DELETE FROM deduplication WHERE queue = ?")
        addFailure = try make(
            """
            INSERT INTO failure (id, attempt, code, detail, expiresAt) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """
        )
        forgetFailures = try make(
            """
            DELETE FROM failure WHERE (id, attempt) IN (
                SELECT id, attempt FROM failure WHERE expiresAt <= ? LIMIT 1000
            )
            """
        )
        keepResult = try make(
            """
            INSERT INTO result (
                id, function, isFinal, outcome, status, headers, body, bytes, expiresAt
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET isFinal = excluded.isFinal, outcome = excluded.outcome,
                status = excluded.status, headers = excluded.headers, body = excluded.body,
                bytes = excluded.bytes, expiresAt = excluded.expiresAt
            """
        )
        finishResult = try make("UPDATE result SET isFinal = 1 WHERE id = ?")
        resultBytes = try make("SELECT coalesce(sum(bytes), 0) FROM result")
        oldestResult = try make(
            "SELECT id, bytes FROM result WHERE isFinal = 1 ORDER BY expiresAt LIMIT 1"
        )
        dropResult = try make("DELETE FROM result WHERE id = ?")
        dropResults = try make(
            """
            DELETE FROM result WHERE id IN (
                SELECT id FROM result WHERE expiresAt <= ? AND isFinal = 1 LIMIT 1000
            )
            """
        )
        addCallback = try make(
            """
            INSERT INTO callback (
                id, function, url, outcome, status, headers, body, endedAt, tries, dueAt
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT DO NOTHING
            """
        )
        callbackFromResult = try make(
            """
            INSERT INTO callback (
                id, function, url, outcome, status, headers, body, endedAt, tries, dueAt
            ) SELECT id, function, ?, outcome, status, headers, body, ?, 0, ? FROM result
            WHERE id = ? ON CONFLICT DO NOTHING
            """
        )
        dueCallbacks = try make(
            """
            SELECT id, function, url, outcome, status, headers, body, endedAt, tries FROM callback
            WHERE dueAt <= ? ORDER BY dueAt LIMIT ?
            """
        )
        nextCallback = try make("SELECT min(dueAt) FROM callback WHERE dueAt > ?")
        delayCallback = try make("UPDATE callback SET tries = ?, dueAt = ? WHERE id = ?")
        dropCallback = try make("DELETE FROM callback WHERE id = ?")
        lastTick = try make("SELECT lastAt FROM schedule WHERE function = ? AND name = ?")
        setTick = try make(
            """
            INSERT INTO schedule (function, name, lastAt) VALUES (?, ?, ?)
            ON CONFLICT DO UPDATE SET lastAt = excluded.lastAt
            """
        )
        dropTicks = try make("DELETE FROM schedule WHERE function = ?")
    }
}
