Feature: What the log tells about sign-ins
  When signing in does not work, the operator looks into the server's log. ProxyAuth.Logging makes it
  tell what came with the authentication requests: headers with their contents, cookies by their
  names. What the server uses itself stays hidden, and so do the values of cookies.

  | what                              | how the log gives it |
  | a header                          | as it is             |
  | a header that the server uses     | <internal>           |
  | a cookie that the server uses     | <internal>           |
  | another cookie                    | <redacted>           |
  | another cookie that has no value  | <empty>              |

  Rule: With ProxyAuth.Logging

    Background:
      Given a server configured with:
        | ProxyAuth.Logging | true |

    @PA-322 @quiet
    Scenario: Headers are logged with their contents
      When "alice" signs in with the further header "X-Custom: blue-<alice>"
      Then the log gives "X-Custom" as "blue-<alice>"

    @PA-322 @quiet @direct
    Scenario: The headers of a sign-in that is refused are logged as well
      Given "alice" signs in with the further header "X-Custom: green-<alice>"
      And the log gives "X-Custom" as "green-<alice>"
      When a client calls the API with the headers:
        | X-Auth-Username | apps         |
        | X-Custom        | blue-<alice> |
      Then the log gives "X-Custom" as "blue-<alice>"

    @PA-325 @quiet
    Scenario: Headers that the server uses are logged as internal
      Given "alice" signs in with the further header "X-Custom: green-<alice>"
      And the log gives "X-Custom" as "green-<alice>"
      And "alice" has an API key
      When "alice" signs in again with her key and the further header "X-Custom: blue-<alice>"
      Then the log gives "Authorization" as "<internal>" where it gives "X-Custom" as "blue-<alice>"
      And the log repeats no secret of "alice"

    @PA-323 @PA-326 @quiet
    Scenario: Cookies are logged by their names
      When "alice" signs in with the further header "Cookie: colour=blue-<alice>"
      Then the log says "colour" (PA-323)
      And the log gives "colour" as "<redacted>" (PA-326)
      And the log does not say "blue-<alice>" (PA-326)

    @PA-327 @quiet
    Scenario: A cookie without a value
      When "alice" signs in with the further header "Cookie: colour="
      Then the log gives "colour" as "<empty>"

    @PA-324 @quiet
    Scenario: The server's own cookies are logged as internal
      Given "alice" signs in with the further header "X-Custom: green-<alice>"
      And the log gives "X-Custom" as "green-<alice>"
      When "alice" signs in as "bob" in the same browser with the further header "X-Custom: blue-<alice>"
      Then the log gives "<session>" as "<internal>" where it gives "X-Custom" as "blue-<alice>"
      And the log repeats no secret of "alice"

    @SEC-020 @quiet @direct
    Scenario Outline: No header forges a line
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

  Rule: Without it

    @PA-021 @PA-321 @alone
    Scenario: It has to be turned on
      When "alice" signs in with the further header "X-Custom: blue-<alice>"
      Then the log does not say "blue-<alice>" (PA-021)
      When it is restarted with:
        | ProxyAuth.Logging | true |
      And "alice" signs in again with the further header "X-Custom: blue-<alice>"
      Then the log gives "X-Custom" as "blue-<alice>" (PA-321)

  Rule: A sign-in that is refused as insecure leaves a line

    Background:
      Given "alice" has signed in

    @PA-328 @quiet @careless
    Scenario: The line says what happened and not to whom
      When "alice" signs in again with a second username header for "mallory"
      Then the log says "Rejected insecure proxied authentication attempt"
      And the log does not say "<mallory>"

    @PA-329 @quiet @careless
    Scenario: Whoever caused it is not signed in
      When "alice" signs in again with a second username header for "mallory"
      Then the sign-in is refused
      And a following request without identity headers is anonymous

  Rule: A value that is left out leaves a line

    @PA-345 @quiet @direct
    Scenario: The log names the header whose value is left out of the profile
      Given a server configured with:
        | ProxyAuth.FirstNameHeader | X-Auth-First-Name |
        | ProxyAuth.LastNameHeader  | X-Auth-Last-Name  |
        | ProxyAuth.EmailHeader     | X-Auth-Email      |
      When "alice" signs in with a first name that is longer than 4000 octets
      Then the log says "X-Auth-First-Name"
