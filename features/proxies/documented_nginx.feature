Feature: The printed examples of nginx
  The documents print configurations of nginx and of Apache. The flavour "documented" of the proxies of this
  project behaves as they do, directive for directive, apart from ports, upstream and a route to the login
  server. These scenarios describe the examples, with their defects. They do not apply to other proxies.

  Rule: The basic example of nginx sends the username

    Background:
      Given the documented nginx example is under test
      And a server configured with:
        | ProxyAuth.UsernameHeader | X-Auth-Username |

    @EX-001 @EX-013 @EX-029
    Scenario Outline: <request> without credentials is redirected to the login page
      When an anonymous visitor sends <request> through the proxy
      Then the proxy answers 307 with a redirect to "<origin>/auth/login?url=<prefix>/page" (EX-001, EX-013, EX-029)

      Examples:
        | request                    |
        | a GET request              |
        | a POST request with a body |
        | a WebSocket handshake      |

    @EX-030
    Scenario: The redirect names the scheme, the host and the port of the proxy and the requested path
      When an anonymous visitor requests the path "<prefix>/a/b" through the proxy
      Then the proxy answers 307 with a redirect to "<origin>/auth/login?url=<prefix>/a/b"

    @EX-031
    Scenario: The redirect names the query as it was written
      When an anonymous visitor requests the path "<prefix>/a?x=1&y=2" through the proxy
      Then the proxy answers 307 with a redirect to "<origin>/auth/login?url=<prefix>/a?x=1&y=2"

    @EX-032
    Scenario: The prefix without a slash is redirected to the prefix with a slash
      When an anonymous visitor requests the path "<prefix>" through the proxy
      Then the proxy answers 301 with a redirect to "<origin><prefix>/"

    @EX-002 @EX-039
    Scenario: A request below the prefix reaches the server without the prefix, by HTTP/1.1
      When a signed-in visitor requests the path "<prefix>/a" through the proxy
      Then the server behind the proxy receives the request line "GET /a HTTP/1.1" (EX-002, EX-039)

    @EX-033
    Scenario: The rest of the path and the query are kept
      When a signed-in visitor requests the path "<prefix>/a/b%20c?x=1" through the proxy
      Then the server behind the proxy receives the path "/a/b%20c?x=1"

    @EX-021
    Scenario: A path that is not below the prefix does not reach the server
      Given a signed-in visitor sends a GET request through the proxy
      And the request reaches the server behind the proxy
      When a signed-in visitor requests the path "/other" through the proxy
      Then the request does not reach the server behind the proxy

    @EX-017
    Scenario: A request with the identity cookie passes
      When a signed-in visitor sends a GET request through the proxy
      Then the request reaches the server behind the proxy

    @EX-018
    Scenario: A request with the deployment header passes without the cookie
      When a deployment client sends a GET request through the proxy
      Then the request reaches the server behind the proxy

    @EX-019 @EX-027
    Scenario: A request with the API header passes without the cookie
      When an API client sends a GET request through the proxy
      Then the request reaches the server behind the proxy (EX-019, EX-027)

    @EX-020
    Scenario: The proxy answers for any Host name
      When a signed-in visitor requests a page through the proxy with the headers:
        | Host | other.example |
      Then the request reaches the server behind the proxy

    @EX-022
    Scenario: The username is the value of the cookie, whatever its place among the cookies
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | a=1; verified-user=<bob>; c=2 |
      Then the server behind the proxy receives the header "X-Auth-Username" with the value "<bob>", once

    @EX-009
    Scenario: The value of the cookie ends at a semicolon
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | verified-user=<bob>;more |
      Then the server behind the proxy receives the header "X-Auth-Username" with the value "<bob>", once

    @EX-010
    Scenario: A client that makes the identity cookie itself is signed in
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | verified-user=<bob> |
      Then the server behind the proxy receives the header "X-Auth-Username" with the value "<bob>", once

    @EX-015
    Scenario Outline: The basic example sends no <name>
      When a signed-in visitor sends a GET request through the proxy
      Then the server behind the proxy receives no header "<name>", which it does not read

      Examples:
        | name             |
        | X-Auth-Uniqueid  |
        | X-Auth-Firstname |
        | X-Auth-Lastname  |
        | X-Auth-Email     |

    @EX-023
    Scenario: The name of the cookie is matched without regard to case
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | Verified-User=<bob> |
      Then the server behind the proxy receives the header "X-Auth-Username" with the value "<bob>", once

    @EX-024
    Scenario: An empty identity cookie is no identity
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | verified-user= |
      Then the proxy answers 307 with a redirect to "<origin>/auth/login?url=<prefix>/page"

    @EX-025
    Scenario Outline: A request with an X-Auth-Token of <kind> <passes>
      When an anonymous visitor requests a page through the proxy with the headers:
        | X-Auth-Token | <token> |
      Then <result>

      Examples:
        | kind       | token | passes        | result                                                                           |
        | one letter | t     | passes        | the request reaches the server behind the proxy                                  |
        | no letter  |       | does not pass | the proxy answers 307 with a redirect to "<origin>/auth/login?url=<prefix>/page" |

    @EX-026
    Scenario Outline: A request with Authorization: <value> and without the cookie is redirected
      When an anonymous visitor requests a page through the proxy with the headers:
        | Authorization | <value> |
      Then the proxy answers 307 with a redirect to "<origin>/auth/login?url=<prefix>/page"

      Examples:
        | value      |
        | key abc    |
        | Bearer abc |
        | Key        |

    @EX-028
    Scenario: A request with X-RSC-Authorization alone is redirected
      When an API client that uses X-RSC-Authorization sends a GET request through the proxy
      Then the proxy answers 307 with a redirect to "<origin>/auth/login?url=<prefix>/page"

    @EX-035
    Scenario: A redirect of the server to a path gets the prefix
      When the server behind the proxy redirects a signed-in visitor to "/connect/x"
      Then the client is redirected to "<public>/connect/x"

    @EX-036
    Scenario Outline: A redirect of the server to <url> arrives unchanged
      When the server behind the proxy redirects a signed-in visitor to "<url>"
      Then the client is redirected to "<url>"

      Examples:
        | url                                |
        | https://example.com/auth/login?a=b |
        | <upstream>/connect/x               |

    @EX-037
    Scenario Outline: The header <name> reaches the server unchanged
      When a signed-in visitor requests a page through the proxy with the headers:
        | <name> | <value> |
      Then the headers reach the server behind the proxy unchanged

      Examples:
        | name               | value                    |
        | X-Auth-Token       | token                    |
        | X-Auth-Signature   | c2lnbmF0dXJl             |
        | X-Content-Checksum | 1B2M2Y8AsgTpgAmY7PhCfg== |
        | Authorization      | Key abc                  |
        | Referer            | https://example.com/     |
        | X-Custom           | one                      |

    @EX-040
    Scenario Outline: A stream that ends with <framing> is not buffered
      When a signed-in visitor opens a stream that ends with <framing>
      Then each part of the stream arrives before the server sends the next

      Examples:
        | framing                   |
        | a Content-Length          |
        | the end of the connection |

    @EX-041
    Scenario: A WebSocket passes
      When a signed-in visitor asks for the protocol "websocket", which the server behind the proxy accepts
      Then the WebSocket carries data in both directions

    @EX-012
    Scenario: The basic example of nginx passes WebSockets and the original URL
      When a signed-in visitor asks for the protocol "websocket", which the server behind the proxy accepts
      Then the WebSocket carries data in both directions
      And the server behind the proxy receives the original URL "<prefix>/page" in X-RSC-Request

    @EX-042
    Scenario: With Upgrade, the server receives Connection: upgrade
      When a signed-in visitor sends a WebSocket handshake through the proxy
      Then the server behind the proxy receives the header "Connection" with the value "upgrade", once

    @EX-043
    Scenario: Without Upgrade, the server receives Connection: close
      When a signed-in visitor sends a GET request through the proxy
      Then the server behind the proxy receives the header "Connection" with the value "close", once

    @EX-044
    Scenario: X-RSC-Request contains the original URL
      When a signed-in visitor requests the path "<prefix>/a?x=1" through the proxy
      Then the server behind the proxy receives the original URL "<prefix>/a?x=1" in X-RSC-Request

    @EX-045
    Scenario: X-RSC-Request of a client does not pass
      When a signed-in visitor requests a page through the proxy with the headers:
        | X-RSC-Request | http://evil.example/ |
      Then the server behind the proxy receives the original URL "<prefix>/page" in X-RSC-Request

    @EX-046
    Scenario: X-Auth-Username has the value of the cookie
      When a signed-in visitor sends a GET request through the proxy
      Then the server behind the proxy receives the username of the signed-in visitor, once

    @EX-047 @EX-048
    Scenario Outline: X-Auth-Username that a client sends <forgery> is replaced or deleted
      When the username header is forged <forgery> by:
        | a signed-in visitor |
        | an API client       |
        | a deployment client |
      Then no forged username reaches the server behind the proxy (EX-047, EX-048)

      Examples:
        | forgery             |
        | as it is configured |
        | twice               |

  Rule: The profile example of nginx sends names and email

    Background:
      Given the documented nginx example is under test

    @EX-067
    Scenario Outline: The profile example of nginx lets <request> of <client> pass, as the basic one does
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
    Scenario: The profile example of nginx redirects a request without credentials, as the basic one does
      When an anonymous visitor sends a GET request through the proxy
      Then the proxy answers 307 with a redirect to "<origin>/auth/login?url=<prefix>/page"

    @EX-012
    Scenario: The profile example of nginx passes WebSockets and the original URL
      When a signed-in visitor asks for the protocol "websocket", which the server behind the proxy accepts
      Then the WebSocket carries data in both directions
      And the server behind the proxy receives the original URL "<prefix>/page" in X-RSC-Request

    @EX-068
    Scenario Outline: The server receives the <header> of the user
      When a signed-in visitor sends a GET request through the proxy
      Then the server behind the proxy receives the <header> of the signed-in visitor, once

      Examples:
        | header     |
        | username   |
        | first name |
        | last name  |
        | email      |

    Scenario Outline: The <header> header that a client sends is replaced or deleted
      When the <header> header is forged <forgery> by:
        | a signed-in visitor |
        | an API client       |
        | a deployment client |
      Then no forged <header> reaches the server behind the proxy (<rule>)

      Examples:
        | header     | forgery             | rule           |
        | first name | as it is configured | EX-071, EX-072 |
        | first name | twice               | EX-071, EX-072 |
        | last name  | as it is configured | EX-074, EX-075 |
        | last name  | twice               | EX-074, EX-075 |
        | email      | as it is configured | EX-077, EX-078 |
        | email      | twice               | EX-077, EX-078 |

    Scenario Outline: The header <name> has the value of the cookie <cookie>
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | verified-user=<bob>; <cookie>=V1 |
      Then the server behind the proxy receives the header "<name>" with the value "V1", once (<rule>)

      Examples:
        | name             | cookie             | rule   |
        | X-Auth-Firstname | proxyauth-as-first | EX-070 |
        | X-Auth-Lastname  | proxyauth-as-last  | EX-073 |
        | X-Auth-Email     | proxyauth-as-email | EX-076 |

  Rule: The unique-id example of nginx takes the identity from another cookie

    Background:
      Given the documented nginx example is under test
      And a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |

    @EX-012
    Scenario: The unique-id example of nginx passes WebSockets and the original URL
      When a signed-in visitor asks for the protocol "websocket", which the server behind the proxy accepts
      Then the WebSocket carries data in both directions
      And the server behind the proxy receives the original URL "<prefix>/page" in X-RSC-Request

    @EX-007
    Scenario: After a login, the cookie proxyauth-as-id contains the unique id
      When the user "alice" opens the path "<prefix>/page" and signs in at the login page of the proxy
      Then the login server sets the cookie "proxyauth-as-id" to "id-<alice>"
      And the cookie "proxyauth-as-id" of the login server is HTTP-only

    @EX-088 @EX-090
    Scenario: X-Auth-Uniqueid has the value of the cookie proxyauth-as-id
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | a=1; proxyauth-as-id=ID1; c=2 |
      Then the server behind the proxy receives the header "X-Auth-Uniqueid" with the value "ID1", once (EX-088, EX-090)

    @EX-091
    Scenario: X-Auth-Username has the value of the cookie verified-user
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | proxyauth-as-id=ID1; verified-user=<bob> |
      Then the server behind the proxy receives the header "X-Auth-Username" with the value "<bob>", once

    @EX-092
    Scenario: The username alone is no identity
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | verified-user=<bob> |
      Then the proxy answers 307 with a redirect to "<origin>/auth/login?url=<prefix>/page"

    @EX-093 @EX-094
    Scenario: The unique id alone is an identity
      When an anonymous visitor requests a page through the proxy with the headers:
        | Cookie | proxyauth-as-id=ID1 |
      Then the server behind the proxy receives the header "X-Auth-Uniqueid" with the value "ID1", once (EX-093, EX-094)

    @EX-095 @EX-096
    Scenario: X-Auth-Uniqueid that a client sends is replaced or deleted
      When the unique id header is forged as it is configured by:
        | a signed-in visitor |
        | an API client       |
      Then no forged unique id reaches the server behind the proxy (EX-095, EX-096)
