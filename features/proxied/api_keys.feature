Feature: API keys behind a proxy
  Programs call the server's API, and the APIs that it hosts, with the API key of a user. The proxy passes
  such requests to the server without an identity, and the server decides whether the key is valid.

  Rule: A request with an API key is answered as the owner of the key

    Background:
      Given "alice" has signed in
      And "alice" has an API key

    @PA-059
    Scenario: A valid API key is accepted and an unknown API key is refused
      When a client calls the API with the headers:
        | Authorization | Key <alice's key> |
      Then the request is answered to "alice"
      When a client calls the API with the headers:
        | Authorization | Key wrong |
      Then the request is refused

    @PA-059
    Scenario: A Basic Authorization header does not change the username that the proxy sends
      When "alice" signs in with the further header "Authorization: Basic YWxpY2U6c2VjcmV0"
      Then the username of "alice" is "alice"

    @PA-060
    Scenario: A request with an API key and no identity header is answered as the owner of the key
      Given "bob" has signed in
      When a client calls the API with the headers:
        | Authorization | Key <alice's key> |
      Then the request is answered to "alice"

    @PA-063
    Scenario: An API key in X-RSC-Authorization is accepted
      When a client calls the API with the headers:
        | X-RSC-Authorization | Key <alice's key> |
      Then the request is answered to "alice"

    @PA-064
    Scenario: With a key in X-RSC-Authorization and another in Authorization, the X-RSC-Authorization key is used
      Given "bob" has an API key
      When a client calls the API with the headers:
        | X-RSC-Authorization | Key <alice's key> |
        | Authorization       | Key <bob's key>   |
      Then the request is answered to "alice"
      When a client calls the API with the headers:
        | X-RSC-Authorization | Key <bob's key>   |
        | Authorization       | Key <alice's key> |
      Then the request is answered to "bob"

    @PA-065
    Scenario Outline: With a valid key in X-RSC-Authorization, the header "Authorization: <other>" is ignored
      When a client calls the API with the headers:
        | X-RSC-Authorization | Key <alice's key> |
        | Authorization       | <other>           |
      Then the request is answered to "alice"

      Examples:
        | other                       |
        | Basic YWxpY2U6c2VjcmV0      |
        | Bearer of-something-else    |
        | Key wrong                   |
        | Snowflake Token="something" |

    @PA-066
    Scenario: A wrong key in X-RSC-Authorization is refused although Authorization has a valid key
      When a client calls the API with the headers:
        | Authorization | Key <alice's key> |
      Then the request is answered to "alice"
      When a client calls the API with the headers:
        | X-RSC-Authorization | Key wrong         |
        | Authorization       | Key <alice's key> |
      Then the request is refused

  Rule: With LoginURL set, the server checks API keys itself

    Background:
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      And "alice" has signed in
      And "alice" has an API key

    @PA-062
    Scenario: With LoginURL set, the server accepts a valid key and answers no call without one
      When a client calls the API with the headers:
        | Accept        | application/json  |
        | Authorization | Key <alice's key> |
      Then the request is answered to "alice"
      When a client calls the API with the headers:
        | Accept | application/json |
      Then the request is refused or the client is asked to log in

    @PA-061
    Scenario: With LoginURL set, a hosted API answers a client with a viewer's API key and no client without a key
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And "alice" has Viewer permission on "app"
      When a client calls "app" with the headers:
        | Accept        | application/json  |
        | Authorization | Key <alice's key> |
      Then "app" answers
      When a client calls "app" with the headers:
        | Accept | application/json |
      Then the request is refused or the client is asked to log in

    @SEC-013
    Scenario Outline: A wrong key in "<header>: <key>" is refused with an API error, even if the client accepts HTML
      When a client calls the API with the headers:
        | Authorization | Key <alice's key> |
        | Accept        | text/html         |
      Then the request is answered to "alice"
      When a client calls the API with the headers:
        | <header> | <key>     |
        | Accept   | text/html |
      Then the request is refused with an error of the API

      Examples:
        | header              | key                |
        | Authorization       | Key wrong          |
        | X-RSC-Authorization | Key wrong          |
        | X-RSC-Authorization | wrong              |
        | Authorization       | Key <alice's key>x |

  Rule: An API key that has expired or was deleted is refused

    @SEC-025
    Scenario: An API key is refused after its expiry time
      Given "alice" has an API key that expires in 3 seconds
      When a client calls the API with the headers:
        | Authorization | Key <alice's key> |
      Then the request is answered to "alice"
      And the key of "alice" is refused once it has expired

    @SEC-025
    Scenario: A deleted API key is refused
      Given "alice" has an API key
      When a client calls the API with the headers:
        | Authorization | Key <alice's key> |
      Then the request is answered to "alice"
      When "alice" deletes her API keys
      And a client calls the API with the headers:
        | Authorization | Key <alice's key> |
      Then the request is refused

  Rule: An API key never has more rights than its owner

    @SEC-026
    Scenario: A viewer obtains no API key with the rights of an administrator
      Given "alice" has signed in
      When "alice" asks for an API key with the role "viewer"
      Then the request is granted
      When "alice" asks for an API key with the role "administrator"
      Then "alice" has no API key with the rights of an administrator

    @SEC-026
    Scenario: An API key can no longer create content after its owner changes from publisher to viewer
      Given a publisher "paula"
      And "paula" has created content with her API key
      When the administrator changes the role of "paula" to "viewer"
      And "paula" creates content with her API key
      Then the request is refused

  Rule: Only the owner of API keys can create and list them

    Background:
      Given "alice" has an API key

    @SEC-028
    Scenario Outline: <who> can neither create nor list the API keys of another user
      When "alice" asks for an API key of "alice"
      Then the request is granted
      When <who> asks for an API key of "alice"
      Then the request is refused
      When "alice" lists the API keys of "alice"
      Then the request is granted
      When <who> lists the API keys of "alice"
      Then the request is refused

      Examples:
        | who               |
        | "bob"             |
        | the administrator |

  Rule: Forwarding headers neither authenticate a request nor change the addresses in replies

    Background:
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      And a publisher "paula"
      And "paula" has published python-api content "app"

    @SEC-022
    Scenario Outline: The header "<header>: <value>" without an API key gives no access to content
      When a client calls "app" with the headers:
        | Authorization | Key <paula's key> |
        | <header>      | <value>           |
      Then "app" answers
      When a client calls "app" with the headers:
        | <header> | <value> |
      Then the request is refused or the client is asked to log in

      Examples:
        | header            | value                           |
        | X-RSC-Request     | http://127.0.0.1/connect/       |
        | X-RSC-Request     | (null)://(null)(null)           |
        | X-Forwarded-For   | 127.0.0.1                       |
        | X-Forwarded-Host  | localhost                       |
        | X-Forwarded-Proto | https                           |
        | X-Original-URL    | /__ping__                       |
        | Forwarded         | for=127.0.0.1;host=localhost    |

    @SEC-022
    Scenario Outline: The header "<header>: <value>" does not change the addresses in an API reply
      When a client calls the API about "app" with the headers:
        | Authorization | Key <paula's key> |
        | <header>      | <value>           |
      Then every address in the reply begins with the address of the server

      Examples:
        | header            | value                           |
        | X-RSC-Request     | https://evil.example.com/rsc/   |
        | X-RSC-Request     | evil.example.com                |
        | X-Forwarded-Host  | evil.example.com                |
        | X-Forwarded-Proto | https                           |
        | X-Forwarded-Port  | 8443                            |
        | Forwarded         | proto=https;host=evil.example   |

  Rule: A WebSocket needs the same permission as the content

    Background:
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      And a publisher "paula"
      And "paula" has published python-api content "app"

    @SEC-016
    Scenario: A WebSocket opens for the owner of content, not for a user without permission or an anonymous visitor
      When "paula" opens a WebSocket to "app"
      Then "app" answers
      When "alice" opens a WebSocket to "app"
      Then the request is refused
      When an anonymous visitor opens a WebSocket to "app"
      Then the request is refused or the client is asked to log in

    @SEC-016
    Scenario: A WebSocket from a page of another site is refused in the owner's browser
      When "paula" opens a WebSocket to "app"
      Then "app" answers
      When "paula" opens a WebSocket to "app" from a page of another site
      Then the request is refused
