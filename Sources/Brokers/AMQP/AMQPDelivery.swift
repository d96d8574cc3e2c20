#if AMQP
import CRabbitMQ
import Triggers

/// One delivery, read out of the library's envelope.
struct AMQPDelivery {
    private static let microsPerSecond: Int64 = 1_000_000
    /// The prefixes of a CloudEvent's attributes in the AMQP binding.
    private static let eventPrefixes = ["cloudEvents:", "cloudEvents_"]

    var tag: UInt64
    /// The consumer tag of the subscription that it came by.
    var subscription: String
    var isRedelivered: Bool
    /// The property `message-id`; nil where the sender gave none.
    var name: String?
    var headers: [(name: String, value: String)]
    var sentAtMicros: Int64?
    var body: [UInt8]

    init(_ envelope: amqp_envelope_t) {
        let properties = envelope.message.properties
        func has(_ flag: Int32) -> Bool { properties._flags & amqp_flags_t(flag) != 0 }
        tag = envelope.delivery_tag
        subscription = AMQPText.string(envelope.consumer_tag)
        isRedelivered = envelope.redelivered != 0
        if has(AMQP_BASIC_MESSAGE_ID_FLAG), properties.message_id.len > 0 {
            name = AMQPText.string(properties.message_id)
        }
        var headers = HeaderFields()
        if has(AMQP_BASIC_CONTENT_TYPE_FLAG) {
            headers.append("content-type", AMQPText.string(properties.content_type))
        }
        if has(AMQP_BASIC_CORRELATION_ID_FLAG) {
            headers.append("correlation-id", AMQPText.string(properties.correlation_id))
        }
        if has(AMQP_BASIC_HEADERS_FLAG) { Self.append(properties.headers, to: &headers) }
        self.headers = headers.fields
        if has(AMQP_BASIC_TIMESTAMP_FLAG), let seconds = Int64(exactly: properties.timestamp) {
            let product = seconds.multipliedReportingOverflow(by: Self.microsPerSecond)
            sentAtMicros = product.overflow ? nil : product.partialValue
        }
        body = Array(
            UnsafeRawBufferPointer(
                start: envelope.message.body.bytes,
                count: envelope.message.body.len
            )
        )
    }

    /// Equal for messages that can stand for each other, within this process.
    func content(salt: String) -> Int {
        var hasher = Hasher()
        hasher.combine(salt)
        hasher.combine(sentAtMicros)
        for header in headers where !header.name.hasPrefix("x-") {
            hasher.combine(header.name)
            hasher.combine(header.value)
        }
        body.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    private static func append(_ table: amqp_table_t, to headers: inout HeaderFields) {
        for entry in UnsafeBufferPointer(start: table.entries, count: Int(table.num_entries)) {
            var name = AMQPText.string(entry.key)
            for prefix in eventPrefixes where name.hasPrefix(prefix) {
                name = "ce-" + name.dropFirst(prefix.count)
            }
            if let value = text(entry.value) { headers.append(name, value) }
        }
    }

    /// Nil for a table or a list.
    private static func text(_ field: amqp_field_value_t) -> String? {
        switch UInt32(field.kind) {
        case AMQP_FIELD_KIND_UTF8.rawValue, AMQP_FIELD_KIND_BYTES.rawValue:
            AMQPText.string(field.value.bytes)
        case AMQP_FIELD_KIND_BOOLEAN.rawValue: field.value.boolean != 0 ? "true" : "false"
        case AMQP_FIELD_KIND_I8.rawValue: "\(field.value.i8)"
        case AMQP_FIELD_KIND_U8.rawValue: "\(field.value.u8)"
        case AMQP_FIELD_KIND_I16.rawValue: "\(field.value.i16)"
        case AMQP_FIELD_KIND_U16.rawValue: "\(field.value.u16)"
        case AMQP_FIELD_KIND_I32.rawValue: "\(field.value.i32)"
        case AMQP_FIELD_KIND_U32.rawValue: "\(field.value.u32)"
        case AMQP_FIELD_KIND_I64.rawValue: "\(field.value.i64)"
        case AMQP_FIELD_KIND_U64.rawValue, AMQP_FIELD_KIND_TIMESTAMP.rawValue:
            "\(field.value.u64)"
        case AMQP_FIELD_KIND_F32.rawValue: "\(field.value.f32)"
        case AMQP_FIELD_KIND_F64.rawValue: "\(field.value.f64)"
        default: nil
        }
    }
}
#endif
