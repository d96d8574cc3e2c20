import GitServer
import Testing

@Suite struct BasicCredentialsTests {
    @Test(arguments: [
        // RFC 7617, section 2.
        ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"),
        ("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ", "Aladdin", "open sesame"),
        ("Basic  OmtleQ==", "", "key"),
        ("Basic YTpiOmM=", "a", "b:c"),
    ])
    func `the key is the password, whatever the name`(
        field: String,
        user: String,
        password: String
    ) {
        let credentials = BasicCredentials(authorization: field)

        #expect(credentials?.user == user)
        #expect(credentials?.password == password)
    }

    @Test(arguments: ["", "Basic", "Basic a2V5", "Bearer a2V5OmtleQ==", "Basic a:b", "Basic /w=="])
    func `anything else is no credentials`(field: String) {
        #expect(BasicCredentials(authorization: field) == nil)
    }

    @Test(arguments: [("YTpi", "a"), ("OmI=", nil), ("YSBiOmM=", nil), ("YQpiOmM=", nil)])
    func `a name is shown unless it could do harm`(digits: String, shown: String?) {
        #expect(BasicCredentials(authorization: "Basic \(digits)")?.shownUser == shown)
    }
}
