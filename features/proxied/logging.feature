Feature: Log entries for authentication requests
  With ProxyAuth.Logging, the server logs the headers of authentication requests with their values, and
  the cookies with their names. An administrator uses these entries to find out why a sign-in fails. Some
  values are hidden:

  | item                              | value in the log |
  | a header                          | its own value    |
  | a header that the server uses     | <internal>       |
  | a cookie that the server uses     | <internal>       |
  | another cookie                    | <redacted>       |
  | another cookie that has no value  | <empty>          |

  Rule: With ProxyAuth.Logging = true, the server logs the headers and cookies of authentication requests

    Background:
      Given a server configured with:
        | ProxyAuth.Logging | true |

    @PA-322 @quiet
    Scenario: The log shows the value of a header that is sent at a sign-in
      When "alice" signs in with the further header "X-Custom: blue-<alice>"
      Then the log gives "X-Custom" as "blue-<alice>"

    @PA-322 @quiet @direct
    Scenario: The log shows the value of a header that is sent with a prohibited username
      Given "alice" signs in with the further header "X-Custom: green-<alice>"
      And the log gives "X-Custom" as "green-<alice>"
      When a client calls the API with the headers:
        | X-Auth-Username | apps         |
        | X-Custom        | blue-<alice> |
      Then the log gives "X-Custom" as "blue-<alice>"

    @PA-325 @quiet
    Scenario: The log shows the Authorization header of a request with an API key as "<internal>", without the key
      Given "alice" signs in with the further header "X-Custom: green-<alice>"
      And the log gives "X-Custom" as "green-<alice>"
      And "alice" has an API key
      When "alice" signs in again with her key and the further header "X-Custom: blue-<alice>"
      Then the log gives "Authorization" as "<internal>" where it gives "X-Custom" as "blue-<alice>"
      And the log contains no secret of "alice"

    @PA-323 @PA-326 @quiet
    Scenario: The log shows the name of a cookie, and "<redacted>" in place of its value
      When "alice" signs in with the further header "Cookie: colour=blue-<alice>"
      Then the log says "colour" (PA-323)
      And the log gives "colour" as "<redacted>" (PA-326)
      And the log does not say "blue-<alice>" (PA-326)

    @PA-327 @quiet
    Scenario: The log shows a cookie without a value as "<empty>"
      When "alice" signs in with the further header "Cookie: colour="
      Then the log gives "colour" as "<empty>"

    @PA-324 @quiet
    Scenario: The log shows cookies that the server sets at a sign-in as "<internal>", without their values
      Given "alice" signs in with the further header "X-Custom: green-<alice>"
      And the log gives "X-Custom" as "green-<alice>"
      When "alice" signs in as "bob" in the same browser with the further header "X-Custom: blue-<alice>"
      Then the log gives the session cookies as "<internal>" where it gives "X-Custom" as "blue-<alice>"
      And the log contains no secret of "alice"

    @SEC-020 @quiet @direct
    Scenario Outline: The header value "<value>" does not add a forged line to the log
      When "alice" signs in with the further header "X-Custom: blue-<alice>"
      Then the log gives "X-Custom" as "blue-<alice>"
      When "alice" signs in again with the further header "X-Custom: <value>"
      Then the log does not say "<newline>forged-<alice>"
      And the log does not say "<return>forged-<alice>"

      Examples:
        | value                                     |
        | blue<return>forged-<alice>                |
        | blue<newline>forged-<alice>               |
        | blue<return><newline>forged-<alice>       |
        | blue<return><newline> forged-<alice>: red |

  Rule: By default, the server does not log the headers of authentication requests

    @PA-021 @PA-321 @alone
    Scenario: The value of a header is not logged by default, and is logged with ProxyAuth.Logging = true
      When "alice" signs in with the further header "X-Custom: blue-<alice>"
      Then the log does not say "blue-<alice>" (PA-021)
      When the server is restarted with:
        | ProxyAuth.Logging | true |
      And "alice" signs in again with the further header "X-Custom: blue-<alice>"
      Then the log gives "X-Custom" as "blue-<alice>" (PA-321)

  Rule: A sign-in that is refused as insecure is logged

    Background:
      Given "alice" has signed in

    @PA-328 @quiet @careless
    Scenario: The log reports a sign-in with two usernames as rejected, without the second username
      When "alice" signs in again with a second username header for "mallory"
      Then the log says "Rejected insecure proxied authentication attempt"
      And the log does not say "<mallory>"

    @PA-329 @quiet @careless
    Scenario: A sign-in with two usernames is refused, and a following request without identity headers is anonymous
      When "alice" signs in again with a second username header for "mallory"
      Then the request is refused
      And a following request without identity headers is anonymous

  Rule: The log names the header of a profile value that is left out

    @PA-345 @quiet @direct
    Scenario: The log names X-Auth-First-Name after a sign-in with a first name longer than 4000 octets
      Given a server configured with:
        | ProxyAuth.FirstNameHeader | X-Auth-First-Name |
        | ProxyAuth.LastNameHeader  | X-Auth-Last-Name  |
        | ProxyAuth.EmailHeader     | X-Auth-Email      |
      When "alice" signs in with a first name that is longer than 4000 octets
      Then the log says "X-Auth-First-Name"
