Feature: Duplicate authentication headers
  An authenticating proxy sends each identity header once, so a second line of the same header comes from
  another source. The server refuses such a request, signs no user in, and does not give the reason. Each
  refused request is compared with an accepted one of the same user that differs only in the tested header.

  Rule: A repeated username header is refused

    Background:
      Given "alice" has signed in

    @PA-034 @careless
    Scenario: A sign-in with two different usernames is refused
      When "alice" signs in again with a second username header for "mallory"
      Then the request is refused

    @PA-035 @careless
    Scenario: A sign-in with the same username twice is refused
      When "alice" signs in again with a second username header for "alice"
      Then the request is refused

    @PA-034 @careless
    Scenario: A request with two different usernames from a signed-in browser is refused
      When "alice" makes a request with a second username header for "mallory"
      Then the request is refused

    @PA-041 @careless
    Scenario: The refusal of a second username repeats neither the name of the header nor a value
      When "alice" signs in again with a second username header for "mallory"
      Then the request is refused
      And the refusal repeats neither the name of the header nor a value

    @PA-042 @careless
    Scenario: A refused sign-in with two usernames creates no account for the second username
      When "alice" signs in again with a second username header for "mallory"
      Then the request is refused
      And no account exists for "mallory"

    @PA-043 @careless
    Scenario: A refused sign-in with two usernames creates no session
      When "alice" signs in again with a second username header for "mallory"
      Then the request is refused
      And the refusal sets no session cookie
      And a following request without identity headers is anonymous

  Rule: Any repeated identity or profile header is refused

    Background:
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader  | X-Auth-Uniqueid  |
        | ProxyAuth.UsernameHeader  | X-Auth-Username  |
        | ProxyAuth.FirstNameHeader | X-Auth-Firstname |
        | ProxyAuth.LastNameHeader  | X-Auth-Lastname  |
        | ProxyAuth.EmailHeader     | X-Auth-Email     |
      And "alice" has signed in

    @careless
    Scenario Outline: A sign-in with two <header> headers is refused
      When "alice" signs in again with a second <header> header for "mallory"
      Then the request is refused

      Examples:
        | rule   | header     |
        | PA-036 | unique id  |
        | PA-037 | first name |
        | PA-038 | last name  |
        | PA-039 | email      |
        | PA-351 | username   |

  Rule: The server accepts a username only from one well-formed username header

    Background:
      Given "alice" has signed in

    @SEC-010 @careless
    Scenario Outline: A second username header that is spelled "<spelling>" is refused
      When "alice" signs in again with a second username header spelled "<spelling>" for "mallory"
      Then the request is refused

      Examples:
        | spelling        |
        | x-auth-username |
        | X-AUTH-USERNAME |

    @SEC-010 @direct
    Scenario Outline: A sign-in with a username that is <kind> is refused
      When "alice" signs in again with a username that is <kind>
      Then the request is refused

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
    Scenario Outline: A sign-in is refused if the proxy sends <kind> as the username
      When "alice" signs in again with a username that is <kind>
      Then the request is refused

      Examples:
        | kind                             |
        | a word for no value              |
        | a variable that was not replaced |

    @SEC-010 @careless
    Scenario: A header X_Auth_Username beside X-Auth-Username is ignored
      When "alice" signs in with the further header "X_Auth_Username: mallory"
      Then the username of "alice" is "alice"
      And no account exists with the username "mallory"

    @SEC-010 @direct
    Scenario Outline: A username that is <sent> is refused, and the refusal does not repeat it
      When "alice" signs in again with a username that is <sent>
      Then the request is refused
      And the refusal repeats neither the name of the header nor a value

      Examples:
        | sent                    |
        | sent in a trailer       |
        | sent in a TRACE request |

    @SEC-010 @direct
    Scenario: A sign-in with X_Auth_Username in place of X-Auth-Username is refused
      When "alice" signs in again with the username header spelled "X_Auth_Username"
      Then the request is refused

  Rule: A malformed unique id is refused

    Background:
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader  | X-Auth-Uniqueid  |
        | ProxyAuth.UsernameHeader  | X-Auth-Username  |
        | ProxyAuth.FirstNameHeader | X-Auth-Firstname |
        | ProxyAuth.LastNameHeader  | X-Auth-Lastname  |
        | ProxyAuth.EmailHeader     | X-Auth-Email     |
      And "alice" has signed in

    @SEC-010 @direct
    Scenario Outline: A sign-in with a unique id that is <kind> is refused
      When "alice" signs in again with a unique id that is <kind>
      Then the request is refused

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

  Rule: An API key does not make a request with duplicate headers acceptable

    @SEC-024 @careless
    Scenario: A call with a valid API key and two username headers is refused
      Given "alice" has an API key
      And "alice" has called the API with her key
      When "alice" calls the API with her key and two username headers
      Then the request is refused
