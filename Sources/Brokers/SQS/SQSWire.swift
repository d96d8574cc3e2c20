/// What is asked of SQS and what it answers; names are the protocol's.
enum SQSWire {
    struct GetQueueAttributes: Encodable {
        var QueueUrl: String
        var AttributeNames = ["QueueArn"]
    }

    struct Receive: Encodable {
        var QueueUrl: String
        var MaxNumberOfMessages: Int
        var WaitTimeSeconds: Int
        var VisibilityTimeout: Int
        var AttributeNames = ["SentTimestamp", "ApproximateReceiveCount"]
        var MessageAttributeNames = ["All"]
    }

    struct Received: Decodable {
        var Messages: [Message]?
    }

    struct Message: Decodable {
        var MessageId: String
        var ReceiptHandle: String
        var Body: String
        var Attributes: [String: String]?
        var MessageAttributes: [String: Attribute]?
    }

    struct Attribute: Decodable {
        /// Nil for bytes.
        var StringValue: String?
    }

    struct Batch<Entry: Encodable>: Encodable {
        var QueueUrl: String
        var Entries: [Entry]
    }

    struct DeleteEntry: Encodable {
        var Id: String
        var ReceiptHandle: String
    }

    struct VisibilityEntry: Encodable {
        var Id: String
        var ReceiptHandle: String
        var VisibilityTimeout: Int
    }

    struct BatchAnswer: Decodable {
        var Failed: [Failure]?
    }

    struct Failure: Decodable {
        var Id: String
        var Code: String
        var SenderFault: Bool?
        var Message: String?
    }

    struct Nothing: Decodable {}
}
