Feature: API keys behind a proxy
  Programs call the server's API, and the APIs that it hosts, with a key of somebody's. The proxy lets
  such requests through without asking who somebody is, and the server decides about them.

  Rule: A key stands for its owner

    Background:
      Given "alice" has signed in
      And "alice" has an API key

    @PA-059
    Scenario: A key that exists and one that does not
      When a client calls the API with the headers:
        | Authorization | Key <alice's key> |
      Then the call is answered to "alice"
      When a client calls the API with the headers:
        | Authorization | Key wrong |
      Then the call is refused

    @PA-059
    Scenario: A value of another scheme is no API key, and the proxy says who signs in
      When "alice" signs in with the further header "Authorization: Basic YWxpY2U6c2VjcmV0"
      Then the username of "alice" is "alice"

    @PA-060
    Scenario: The key is enough, no identity header is needed
      Given "bob" has signed in
      When a client calls the API with the headers:
        | Authorization | Key <alice's key> |
      Then the call is answered to "alice"

    @PA-063
    Scenario: A proxy may need Authorization for itself
      When a client calls the API with the headers:
        | X-RSC-Authorization | Key <alice's key> |
      Then the call is answered to "alice"

    @PA-064
    Scenario: Of two keys that of X-RSC-Authorization counts
      Given "bob" has an API key
      When a client calls the API with the headers:
        | X-RSC-Authorization | Key <alice's key> |
        | Authorization       | Key <bob's key>   |
      Then the call is answered to "alice"
      When a client calls the API with the headers:
        | X-RSC-Authorization | Key <bob's key>   |
        | Authorization       | Key <alice's key> |
      Then the call is answered to "bob"

    @PA-065
    Scenario Outline: Authorization is ignored beside it, whatever it holds
      When a client calls the API with the headers:
        | X-RSC-Authorization | Key <alice's key> |
        | Authorization       | <other>           |
      Then the call is answered to "alice"

      Examples:
        | other                       |
        | Basic YWxpY2U6c2VjcmV0      |
        | Bearer of-something-else    |
        | Key wrong                   |
        | Snowflake Token="something" |

    @PA-066
    Scenario: It is no fall-back for a wrong key
      When a client calls the API with the headers:
        | Authorization | Key <alice's key> |
      Then the call is answered to "alice"
      When a client calls the API with the headers:
        | X-RSC-Authorization | Key wrong         |
        | Authorization       | Key <alice's key> |
      Then the call is refused

  Rule: With a login page configured, the server itself tells who need not log in

    Background:
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      And "alice" has signed in
      And "alice" has an API key

    @PA-062
    Scenario: Calls with a key and without one reach the server alike
      When a client calls the API with the headers:
        | Authorization | Key <alice's key> |
      Then the call is answered to "alice"
      When a client calls the API with the headers:
        | Accept | application/json |
      Then the call is refused or asked to log in

    @PA-061
    Scenario: A hosted API
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And "alice" may view "app"
      When a client calls "app" with the headers:
        | Authorization | Key <alice's key> |
      Then "app" answers
      When a client calls "app" with the headers:
        | Accept | application/json |
      Then the call is refused or asked to log in

    @SEC-013
    Scenario Outline: A wrong key gets an answer that programs can read
      When a client calls the API with the headers:
        | Authorization | Key <alice's key> |
      Then the call is answered to "alice"
      When a client calls the API with the headers:
        | <header> | <key>     |
        | Accept   | text/html |
      Then the call is refused with an error of the API

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
      Then the call is answered to "alice"
      And the key of "alice" is refused once it has expired

    @SEC-025
    Scenario: A deleted API key is refused
      Given "alice" has an API key
      When a client calls the API with the headers:
        | Authorization | Key <alice's key> |
      Then the call is answered to "alice"
      When "alice" deletes her API keys
      And a client calls the API with the headers:
        | Authorization | Key <alice's key> |
      Then the call is refused

  Rule: An API key never permits more than its owner may do

    @SEC-026
    Scenario: A viewer obtains no API key with the rights of an administrator
      Given "alice" has signed in
      When "alice" asks for an API key with the role "viewer"
      Then the call is granted
      When "alice" asks for an API key with the role "administrator"
      Then "alice" has no API key with the rights of an administrator

    @SEC-026
    Scenario: An API key loses the rights that its owner loses
      Given a publisher "paula"
      And "paula" has created content with her API key
      When the administrator changes the role of "paula" to "viewer"
      And "paula" creates content with her API key
      Then the creation is refused

  Rule: API keys are for their owner to create and to see

    Background:
      Given "alice" has an API key

    @SEC-028
    Scenario Outline: <who> neither creates nor lists API keys of another user
      When "alice" asks for an API key of "alice"
      Then the call is granted
      When <who> asks for an API key of "alice"
      Then the call is refused
      When "alice" lists the API keys of "alice"
      Then the call is granted
      When <who> lists the API keys of "alice"
      Then the call is refused

      Examples:
        | who               |
        | "bob"             |
        | the administrator |

  Rule: How a request came is no evidence of who makes it

    Background:
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      And a publisher "paula"
      And "paula" has published python-api content "app"

    @SEC-022
    Scenario Outline: <header> lets nobody in
      When a client calls "app" with the headers:
        | Authorization | Key <paula's key> |
        | <header>      | <value>           |
      Then "app" answers
      When a client calls "app" with the headers:
        | <header> | <value> |
      Then the call is refused or asked to log in

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
    Scenario Outline: <header> moves no address
      When a client calls the API about "app" with the headers:
        | Authorization | Key <paula's key> |
        | <header>      | <value>           |
      Then every address in the reply is the server's own

      Examples:
        | header            | value                           |
        | X-RSC-Request     | https://evil.example.com/rsc/   |
        | X-RSC-Request     | evil.example.com                |
        | X-Forwarded-Host  | evil.example.com                |
        | X-Forwarded-Proto | https                           |
        | X-Forwarded-Port  | 8443                            |
        | Forwarded         | proto=https;host=evil.example   |

  Rule: A WebSocket is a request like others

    Background:
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      And a publisher "paula"
      And "paula" has published python-api content "app"

    @SEC-016
    Scenario: It is opened to who may see the content
      When "paula" opens a WebSocket to "app"
      Then "app" answers
      When "alice" opens a WebSocket to "app"
      Then the WebSocket is refused
      When somebody who is not signed in opens a WebSocket to "app"
      Then the WebSocket is refused or asked to log in

    @SEC-016
    Scenario: Not to a page of another site, which has the visitor's cookies as well
      When "paula" opens a WebSocket to "app"
      Then "app" answers
      When "paula" opens a WebSocket to "app" from a page of another site
      Then the WebSocket is refused
