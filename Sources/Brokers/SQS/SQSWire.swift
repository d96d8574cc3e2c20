/// What is asked of SQS and what it answers; names are the protocol's, which begin with capitals.
enum SQSWire {
    struct GetQueueAttributes: Encodable {
        var queueUrl: String
        var attributeNames = ["QueueArn"]
    }

    struct Receive: Encodable {
        var queueUrl: String
        var maxNumberOfMessages: Int
        var waitTimeSeconds: Int
        var visibilityTimeout: Int
        var attributeNames = ["SentTimestamp", "ApproximateReceiveCount"]
        var messageAttributeNames = ["All"]
    }

    struct Received: Decodable {
        var messages: [Message]?
    }

    struct Message: Decodable {
        var messageId: String
        var receiptHandle: String
        var body: String
        var attributes: [String: String]?
        var messageAttributes: [String: Attribute]?
    }

    struct Attribute: Decodable {
        /// Nil for bytes.
        var stringValue: String?
    }

    struct Batch<Entry: Encodable>: Encodable {
        var queueUrl: String
        var entries: [Entry]
    }

    struct DeleteEntry: Encodable {
        var id: String
        var receiptHandle: String
    }

    struct VisibilityEntry: Encodable {
        var id: String
        var receiptHandle: String
        var visibilityTimeout: Int
    }

    struct BatchAnswer: Decodable {
        var failed: [Failure]?
    }

    struct Failure: Decodable {
        var id: String
        var code: String
        var senderFault: Bool?
        var message: String?
    }

    struct Nothing: Decodable {}
}
