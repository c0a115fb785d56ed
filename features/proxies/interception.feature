Feature: The proxy intercepts requests
  An authenticating proxy stands between all clients and the server. A request without credentials does not
  reach the server. The proxy adds the identity of the user to each request of a user who is signed in.

  Each scenario about a request that is held back first sends the same request with credentials.

  Rule: Requests without credentials do not reach the server

    @PA-022
    Scenario Outline: <request> of an anonymous visitor does not reach the server
      Given a signed-in visitor sends <request> through the proxy
      And the request reaches the server behind the proxy
      When an anonymous visitor sends <request> through the proxy
      Then the request does not reach the server behind the proxy

      Examples:
        | request                             |
        | a GET request                       |
        | a HEAD request                      |
        | an OPTIONS request                  |
        | a DELETE request                    |
        | a POST request with a body          |
        | a request to the API                |
        | a request to content                |
        | a WebSocket handshake               |
        | an HTTP/1.0 request                 |
        | a request in absolute form          |
        | a request that expects 100 Continue |
        | an HTTP/2 request                   |
        | an HTTP/2 request with a body       |

    @PA-023
    Scenario Outline: <request> of an anonymous visitor is answered by the proxy
      Given a signed-in visitor sends <request> through the proxy
      And the request reaches the server behind the proxy
      When an anonymous visitor sends <request> through the proxy
      Then the proxy asks the client to log in or refuses the request

      Examples:
        | request                    |
        | a GET request              |
        | a POST request with a body |
        | a request to the API       |
        | a WebSocket handshake      |

    @PA-022
    Scenario Outline: <request> of an anonymous visitor, which the proxy may refuse, does not reach the server
      Given a signed-in visitor sends a GET request through the proxy
      And the request reaches the server behind the proxy
      When an anonymous visitor sends <request> through the proxy
      Then the request does not reach the server behind the proxy

      Examples:
        | request                                     |
        | an HTTP/1.0 request without Host            |
        | a request in absolute form for evil.example |

    @PA-022
    Scenario Outline: An anonymous request for <path> does not reach the server
      Given a signed-in visitor sends a GET request through the proxy
      And the request reaches the server behind the proxy
      When an anonymous visitor requests the path "<path>" through the proxy
      Then the request does not reach the server behind the proxy

      Examples:
        | path                  |
        | /                     |
        | /authors              |
        | /%61uth/page          |
        | /auth/..<prefix>/page |
        | /<prefix>/page        |
        | <prefix>/../page      |
        | <prefix>/%2e%2e/page  |
        | /auth<prefix>/page    |
        | //auth/page           |
        | /RSCONNECT/page       |
        | <prefix>              |
        | <prefix>X/page        |
        | /foo<prefix>/page     |

    @PA-022
    Scenario Outline: An anonymous WebSocket at <path> does not reach the server
      Given a signed-in visitor sends a WebSocket handshake through the proxy
      And the request reaches the server behind the proxy
      When an anonymous visitor opens a WebSocket at the path "<path>" through the proxy
      Then the request does not reach the server behind the proxy

      Examples:
        | path                |
        | <prefix>/ws         |
        | /auth<prefix>/ws    |
        | /authors<prefix>/ws |
        | /auth/ws            |

  Rule: The proxy adds the identity of the user

    @PA-024 @PA-033
    Scenario Outline: A request of a signed-in visitor reaches the server with the <header>
      When a signed-in visitor sends a GET request through the proxy
      Then the server behind the proxy receives the <header> of the signed-in visitor, once (PA-024, PA-033)

      Examples:
        | header     |
        | username   |
        | first name |
        | last name  |
        | email      |

    @PA-024 @PA-033
    Scenario Outline: A request of a signed-in visitor reaches a server with unique ids with the <header>
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |
      When a signed-in visitor sends a GET request through the proxy
      Then the server behind the proxy receives the <header> of the signed-in visitor, once (PA-024, PA-033)

      Examples:
        | header    |
        | unique id |
        | username  |

    @SEC-048
    Scenario Outline: A request of a signed-in visitor reaches the server with the <header>, which the server is configured to read
      When a signed-in visitor sends a GET request through the proxy
      Then the server behind the proxy receives the <header> of the signed-in visitor, once

      Examples:
        | header |
        | role   |
        | groups |

    @PA-024
    Scenario: An HTTP/2 request of a signed-in visitor reaches the server with the username
      When a signed-in visitor sends an HTTP/2 request through the proxy
      Then the server behind the proxy receives the username of the signed-in visitor, once

    @SEC-048
    Scenario: A server with a separator receives the groups of a signed-in visitor in one line
      Given a server configured with:
        | ProxyAuth.UsernameHeader        | X-Auth-Username |
        | ProxyAuth.GroupsHeader          | X-Auth-Groups   |
        | ProxyAuth.GroupsHeaderSeparator | ;               |
      When a signed-in visitor sends a GET request through the proxy
      Then the server behind the proxy receives the groups of the signed-in visitor, once

    @PA-024
    Scenario: A WebSocket of a signed-in visitor reaches the server with the username
      When a signed-in visitor sends a WebSocket handshake through the proxy
      Then the server behind the proxy receives the username of the signed-in visitor, once

    @PA-025
    Scenario Outline: A request of <client> reaches the server without an identity
      When <client> sends a GET request through the proxy
      Then the server behind the proxy receives no identity

      Examples:
        | client              |
        | an API client       |
        | a deployment client |

    @PA-026
    Scenario: Requests of two users at the same time reach the server with the identity of the user who sent them
      When 40 requests of the users "alice" and "bob" pass the proxy at the same time
      Then each request has the identity of the user who sent it

    @PA-025 @PA-026
    Scenario: The identity of a user does not remain on a connection that several clients share
      When these clients send requests through the proxy on one connection:
        | a signed-in visitor |
        | a deployment client |
        | a signed-in visitor |
        | an API client       |
      Then only the requests of the signed-in visitor have the identity of the visitor (PA-025, PA-026)
