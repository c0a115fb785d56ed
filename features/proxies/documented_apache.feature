Feature: The printed examples of Apache
  The documents print three configurations of Apache: a basic one, one with a profile of the user and one with
  a unique id. These scenarios describe them, with their defects. They do not apply to other proxies.

  Rule: The basic example of Apache serves the server without a prefix

    Background:
      Given the documented Apache example is under test
      And a server configured with:
        | ProxyAuth.UsernameHeader | X-Auth-Username |

    @EX-062
    Scenario Outline: The path <path> reaches the server as it is
      When a signed-in visitor requests the path "<path>" through the proxy
      Then the server behind the proxy receives the path "<path>"

      Examples:
        | path           |
        | /              |
        | /x?a=1         |
        | /rsconnect/x   |
        | /__api__/v1/me |

    @EX-063
    Scenario Outline: A redirect of the server to <location> arrives unchanged
      When the server behind the proxy redirects a signed-in visitor to "<location>"
      Then the client is redirected to "<location>"

      Examples:
        | location                           |
        | /connect/x                         |
        | <upstream>/connect/x               |
        | https://example.com/auth/login?a=b |

    @EX-054
    Scenario Outline: An anonymous request for <path> reaches the server
      When an anonymous visitor requests the path "<path>" through the proxy
      Then the server behind the proxy receives the path "<path>"

      Examples:
        | path     |
        | /authors |
        | /auth    |

    @EX-053
    Scenario: A request without credentials is redirected to the login page
      When an anonymous visitor requests the path "/x" through the proxy
      Then the proxy answers 307 with a redirect to "<origin>/auth/login?url=/x"

    @EX-015
    Scenario Outline: The basic example of Apache sends no <name>
      When a signed-in visitor sends a GET request through the proxy
      Then the server behind the proxy receives no header "<name>", which it does not read

      Examples:
        | name             |
        | X-Auth-Uniqueid  |
        | X-Auth-Firstname |
        | X-Auth-Lastname  |
        | X-Auth-Email     |

    @EX-012
    Scenario: The basic example of Apache passes WebSockets and the original URL
      When a signed-in visitor asks for the protocol "websocket", which the server behind the proxy accepts
      Then the WebSocket carries data in both directions
      And the server behind the proxy receives the original URL "/page" in X-RSC-Request

  Rule: The profile example of Apache differs in what is measured

    Background:
      Given the documented Apache example is under test

    @EX-054
    Scenario: An anonymous request for /authors is not redirected to the login page
      When an anonymous visitor requests the path "/authors" through the proxy
      Then the proxy refuses the request without a redirect

    @EX-067
    Scenario Outline: The profile example of Apache lets <request> of <client> pass, as the basic one does
      When <client> sends <request> through the proxy
      Then the request reaches the server behind the proxy

      Examples:
        | client              | request                    |
        | a signed-in visitor | a GET request              |
        | a signed-in visitor | a POST request with a body |
        | a signed-in visitor | a WebSocket handshake      |
        | a deployment client | a POST request with a body |
        | an API client       | a request to the API       |

    @EX-067
    Scenario: The profile example of Apache redirects a request without credentials, as the basic one does
      When an anonymous visitor sends a GET request through the proxy
      Then the proxy answers 307 with a redirect to "<origin>/auth/login?url=<prefix>/page"

    @EX-012
    Scenario: The profile example of Apache passes WebSockets and the original URL
      When a signed-in visitor asks for the protocol "websocket", which the server behind the proxy accepts
      Then the WebSocket carries data in both directions
      And the server behind the proxy receives the original URL "<prefix>/page" in X-RSC-Request

    @EX-051
    Scenario: The name of the cookie is matched with regard to case
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | Verified-User=<bob> |
      Then the proxy answers 307 with a redirect to "<origin>/auth/login?url=<prefix>/page"

    @EX-052 @EX-053 @EX-057
    Scenario: An empty identity cookie is no identity and is redirected to the login page
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | verified-user= |
      Then the proxy answers 307 with a redirect to "<origin>/auth/login?url=<prefix>/page" (EX-052, EX-053, EX-057)

    @EX-055
    Scenario: A request with X-Auth-Token passes
      When a deployment client sends a GET request through the proxy
      Then the request reaches the server behind the proxy

    @EX-056
    Scenario: A request with Authorization: Key passes
      When an API client sends a GET request through the proxy
      Then the request reaches the server behind the proxy

    @EX-058
    Scenario: The redirect does not name the query
      When an anonymous visitor requests the path "<prefix>/a?x=1&y=2" through the proxy
      Then the proxy answers 307 with a redirect to "<origin>/auth/login?url=<prefix>/a"

    @EX-059
    Scenario: X-RSC-Request contains the original URL without the query
      When a signed-in visitor requests the path "<prefix>/a?x=1" through the proxy
      Then the server behind the proxy receives the original URL "<prefix>/a" in X-RSC-Request

    @EX-060
    Scenario: A WebSocket passes
      When a signed-in visitor asks for the protocol "websocket", which the server behind the proxy accepts
      Then the WebSocket carries data in both directions

    @EX-061
    Scenario: A WebSocket has the identity of the user
      When a signed-in visitor sends a WebSocket handshake through the proxy
      Then the server behind the proxy receives the username of the signed-in visitor, once

    @EX-065
    Scenario: X-Auth-Username that a client sends is deleted
      When the username header is forged as it is configured by:
        | an API client       |
        | a deployment client |
      Then no forged username reaches the server behind the proxy

    @EX-079
    Scenario: A request below the prefix reaches the server without the prefix
      When a signed-in visitor requests the path "<prefix>/a?x=1" through the proxy
      Then the server behind the proxy receives the path "/a?x=1"

    @EX-080
    Scenario: A WebSocket below the prefix reaches the server without the prefix
      When a signed-in visitor opens a WebSocket at the path "<prefix>/ws" through the proxy
      Then the server behind the proxy receives the path "/ws"

    @EX-081
    Scenario: The prefix without a slash is redirected to the prefix with a slash
      When an anonymous visitor requests the path "<prefix>" through the proxy
      Then the proxy answers 302 with a redirect to "<origin><prefix>/"

    @EX-082
    Scenario Outline: A redirect of the server to <url> gets the prefix
      When the server behind the proxy redirects a signed-in visitor to "<url>"
      Then the client is redirected to "<public>/connect/x"

      Examples:
        | url                  |
        | /connect/x           |
        | <upstream>/connect/x |

    @EX-083
    Scenario: A redirect of the server to another site is misdirected
      When the server behind the proxy redirects a signed-in visitor to "https://example.com/auth/login?a=b"
      Then the client is redirected to "<public>/auth/login?a=b"

    Scenario Outline: The <header> header that a client sends is deleted
      When the <header> header is forged as it is configured by:
        | an API client       |
        | a deployment client |
      Then no forged <header> reaches the server behind the proxy (<rule>)

      Examples:
        | header     | rule   |
        | first name | EX-084 |
        | last name  | EX-085 |
        | email      | EX-086 |

  Rule: The unique-id example of Apache takes the unique id from verified-user

    Background:
      Given the documented Apache example is under test
      And a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |

    @EX-012
    Scenario: The unique-id example of Apache passes WebSockets and the original URL
      When a signed-in visitor asks for the protocol "websocket", which the server behind the proxy accepts
      Then the WebSocket carries data in both directions
      And the server behind the proxy receives the original URL "<prefix>/page" in X-RSC-Request

    @EX-007
    Scenario Outline: After a login, the cookie <cookie> contains <value>
      When the user "alice" opens the path "<prefix>/page" and signs in at the login page of the proxy
      Then the login server sets the cookie "<cookie>" to "<value>"
      And the cookie "<cookie>" of the login server is HTTP-only

      Examples:
        | cookie            | value      |
        | verified-user     | id-<alice> |
        | proxyauth-as-user | <alice>    |

    @EX-097 @EX-100
    Scenario: X-Auth-Uniqueid has the value of the cookie verified-user
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | verified-user=ID1 |
      Then the server behind the proxy receives the header "X-Auth-Uniqueid" with the value "ID1", once (EX-097, EX-100)

    @EX-098 @EX-102
    Scenario: X-Auth-Username has the value of the cookie proxyauth-as-user
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | verified-user=ID1; proxyauth-as-user=<bob> |
      Then the server behind the proxy receives the header "X-Auth-Username" with the value "<bob>", once (EX-098, EX-102)

    @EX-099
    Scenario: The username alone is no identity
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | proxyauth-as-user=<bob> |
      Then the proxy answers 307 with a redirect to "<origin>/auth/login?url=<prefix>/page"

    Scenario Outline: The <header> header that a client sends is deleted
      When the <header> header is forged as it is configured by:
        | an API client       |
        | a deployment client |
      Then no forged <header> reaches the server behind the proxy (<rule>)

      Examples:
        | header    | rule   |
        | unique id | EX-101 |
        | username  | EX-103 |
