Feature: Duplicate authentication headers
  An authenticating proxy sends each identity header once. A second line of the same header can only
  come from somebody else, so the server refuses the request, signs nobody in, and does not say why.

  Each refusal below is compared with a sign-in of the same person that was granted a moment before
  and that differs in the repeated header alone.

  Rule: A username header may occur once

    Background:
      Given "alice" has signed in

    @PA-034 @careless
    Scenario: Two usernames that differ
      When "alice" signs in again with a second username header for "mallory"
      Then the sign-in is refused

    @PA-035 @careless
    Scenario: The same username twice
      When "alice" signs in again with a second username header for "alice"
      Then the sign-in is refused

    @PA-034 @careless
    Scenario: Two usernames that differ, in a browser that is signed in
      When "alice" goes on with a second username header for "mallory"
      Then the sign-in is refused

    @PA-041 @careless
    Scenario: The refusal tells nothing
      When "alice" signs in again with a second username header for "mallory"
      Then the sign-in is refused
      And the refusal repeats neither the name of the header nor a value

    @PA-042 @careless
    Scenario: The refusal leaves no account behind
      When "alice" signs in again with a second username header for "mallory"
      Then the sign-in is refused
      And no account exists for "mallory"

    @PA-043 @careless
    Scenario: The refusal signs nobody in
      When "alice" signs in again with a second username header for "mallory"
      Then the sign-in is refused
      And the refusal gives no cookie of a session
      And a following request without identity headers is anonymous

  Rule: So may every other header of the identity

    Background:
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader  | X-Auth-Uniqueid  |
        | ProxyAuth.UsernameHeader  | X-Auth-Username  |
        | ProxyAuth.FirstNameHeader | X-Auth-Firstname |
        | ProxyAuth.LastNameHeader  | X-Auth-Lastname  |
        | ProxyAuth.EmailHeader     | X-Auth-Email     |
      And "alice" has signed in

    @careless
    Scenario Outline: Two headers for the <header>
      When "alice" signs in again with a second <header> header for "mallory"
      Then the sign-in is refused

      Examples:
        | rule   | header     |
        | PA-036 | unique id  |
        | PA-037 | first name |
        | PA-038 | last name  |
        | PA-039 | email      |

  Rule: Neither spelling nor joining hides a second identity

    Background:
      Given "alice" has signed in

    @SEC-010 @careless
    Scenario Outline: A second username header in other letters
      When "alice" signs in again with a second username header spelled "<spelling>" for "mallory"
      Then the sign-in is refused

      Examples:
        | spelling        |
        | x-auth-username |
        | X-AUTH-USERNAME |

    @SEC-010 @direct
    Scenario Outline: A username that is <kind>
      When "alice" signs in again with a username that is <kind>
      Then the sign-in is refused

      Examples:
        | kind                                        |
        | joined to another by a comma                |
        | empty                                       |
        | blank                                       |
        | broken by a control character               |
        | broken by a tab                             |
        | broken by a control character of two octets |
        | cut off inside a character                  |
        | longer than 4000 octets                     |

    @SEC-044 @direct
    Scenario Outline: A username that is <kind>
      When "alice" signs in again with a username that is <kind>
      Then the sign-in is refused

      Examples:
        | kind                             |
        | a word for no value              |
        | a variable that was not replaced |

    @SEC-010 @careless
    Scenario: An underscore beside the header
      When "alice" signs in with the further header "X_Auth_Username: mallory"
      Then the username of "alice" is "alice"
      And no account exists with the username "mallory"

    @SEC-010 @direct
    Scenario Outline: A username that is <sent>
      When "alice" signs in again with a username that is <sent>
      Then the sign-in is refused
      And the refusal repeats neither the name of the header nor a value

      Examples:
        | sent              |
        | sent in a trailer |
        | sent to trace it  |

    @SEC-010 @direct
    Scenario: An underscore in the place of the header
      When "alice" signs in again with the username header spelled "X_Auth_Username"
      Then the sign-in is refused

  Rule: What holds for usernames holds for unique ids

    Background:
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader  | X-Auth-Uniqueid  |
        | ProxyAuth.UsernameHeader  | X-Auth-Username  |
        | ProxyAuth.FirstNameHeader | X-Auth-Firstname |
        | ProxyAuth.LastNameHeader  | X-Auth-Lastname  |
        | ProxyAuth.EmailHeader     | X-Auth-Email     |
      And "alice" has signed in

    @SEC-010 @direct
    Scenario Outline: A unique id that is <kind>
      When "alice" signs in again with a unique id that is <kind>
      Then the sign-in is refused

      Examples:
        | kind                                        |
        | joined to another by a comma                |
        | empty                                       |
        | blank                                       |
        | broken by a control character               |
        | broken by a tab                             |
        | broken by a control character of two octets |
        | cut off inside a character                  |
        | longer than 4000 octets                     |

  Rule: A key does not excuse duplicate headers

    @SEC-024 @careless
    Scenario: An API key beside two username headers
      Given "alice" has an API key
      And "alice" has called the API with her key
      When "alice" calls the API with her key and two username headers
      Then the call is refused
