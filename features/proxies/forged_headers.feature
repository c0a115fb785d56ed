Feature: Forged identity headers
  A client can send the headers in which the server expects the identity. The proxy deletes them, whatever
  credentials the client has. Each scenario sends the same request with and without the forged header, for
  each kind of client. The proxy may refuse a forged request.

  Rule: The proxy deletes the headers that the documents name

    Scenario Outline: The <header> header that a client sends <forgery> does not reach the server
      When the <header> header is forged <forgery> by:
        | a signed-in visitor                         |
        | a deployment client                         |
        | an API client                               |
        | an API client that uses X-RSC-Authorization |
        | an anonymous visitor                        |
      Then no forged <header> reaches the server behind the proxy (<rule>)

      Examples:
        | header     | forgery                            | rule           |
        | username   | as it is configured                | PA-032, PA-330 |
        | username   | in lower case                      | PA-032, PA-330 |
        | username   | in capital letters                 | PA-032, PA-330 |
        | username   | twice                              | PA-032, PA-330 |
        | username   | as a list with commas              | PA-032, PA-330 |
        | username   | with an empty value                | PA-032, PA-330 |
        | username   | in a WebSocket handshake           | PA-032, PA-330 |
        | username   | and named in the Connection header | PA-032, PA-330 |
        | username   | by HTTP/2                          | PA-032, PA-330 |
        | username   | twice by HTTP/2                    | PA-032, PA-330 |
        | first name | as it is configured                | PA-331         |
        | first name | in lower case                      | PA-331         |
        | first name | twice                              | PA-331         |
        | first name | with an empty value                | PA-331         |
        | first name | in a WebSocket handshake           | PA-331         |
        | first name | by HTTP/2                          | PA-331         |
        | last name  | as it is configured                | PA-332         |
        | last name  | in lower case                      | PA-332         |
        | last name  | twice                              | PA-332         |
        | last name  | with an empty value                | PA-332         |
        | last name  | in a WebSocket handshake           | PA-332         |
        | last name  | by HTTP/2                          | PA-332         |
        | email      | as it is configured                | PA-333         |
        | email      | in lower case                      | PA-333         |
        | email      | twice                              | PA-333         |
        | email      | with an empty value                | PA-333         |
        | email      | in a WebSocket handshake           | PA-333         |
        | email      | and named in the Connection header | PA-333         |
        | email      | by HTTP/2                          | PA-333         |
        | role       | as it is configured                | SEC-011        |
        | role       | in lower case                      | SEC-011        |
        | role       | twice                              | SEC-011        |
        | role       | with an empty value                | SEC-011        |
        | role       | in a WebSocket handshake           | SEC-011        |
        | role       | by HTTP/2                          | SEC-011        |
        | groups     | as it is configured                | SEC-011        |
        | groups     | in lower case                      | SEC-011        |
        | groups     | twice                              | SEC-011        |
        | groups     | as a list with commas              | SEC-011        |
        | groups     | with an empty value                | SEC-011        |
        | groups     | in a WebSocket handshake           | SEC-011        |
        | groups     | by HTTP/2                          | SEC-011        |

    @PA-334
    Scenario Outline: A unique id header that a client sends <forgery> does not reach the server
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |
      When the unique id header is forged <forgery> by:
        | a signed-in visitor                         |
        | a deployment client                         |
        | an API client                               |
        | an API client that uses X-RSC-Authorization |
        | an anonymous visitor                        |
      Then no forged unique id reaches the server behind the proxy

      Examples:
        | forgery                  |
        | as it is configured      |
        | in lower case            |
        | in capital letters       |
        | twice                    |
        | as a list with commas    |
        | with an empty value      |
        | in a WebSocket handshake |
        | by HTTP/2                |

    @PA-330
    Scenario Outline: A username header with a name of the operator's choice that a client sends <forgery> does not reach the server
      Given a server configured with:
        | ProxyAuth.UsernameHeader | X-Forwarded-User |
      When the username header is forged <forgery> by:
        | a signed-in visitor |
        | a deployment client |
        | an API client       |
      Then no forged username reaches the server behind the proxy

      Examples:
        | forgery             |
        | as it is configured |
        | in capital letters  |
        | twice               |

  Rule: The proxy deletes the headers also where the server decides about anonymous requests

    Scenario Outline: With LoginURL, the <header> header that a client sends <forgery> does not reach the server
      Given a server configured with:
        | ProxyAuth.LoginURL        | /auth/login      |
        | ProxyAuth.UsernameHeader  | X-Auth-Username  |
        | ProxyAuth.FirstNameHeader | X-Auth-Firstname |
        | ProxyAuth.LastNameHeader  | X-Auth-Lastname  |
        | ProxyAuth.EmailHeader     | X-Auth-Email     |
        | ProxyAuth.RoleHeader      | X-Auth-RSC-Role  |
      When the <header> header is forged <forgery> by:
        | an anonymous visitor |
        | a signed-in visitor  |
        | an API client        |
      Then no forged <header> reaches the server behind the proxy (<rule>)

      Examples:
        | header     | forgery                  | rule           |
        | username   | as it is configured      | PA-032, PA-330 |
        | username   | twice                    | PA-032, PA-330 |
        | username   | with an empty value      | PA-032, PA-330 |
        | username   | in a WebSocket handshake | PA-032, PA-330 |
        | first name | as it is configured      | PA-331         |
        | last name  | as it is configured      | PA-332         |
        | email      | as it is configured      | PA-333         |
        | role       | as it is configured      | SEC-011        |

  Rule: The proxy deletes what some servers do not distinguish from an identity header

    @SEC-049
    Scenario Outline: The <header> header that a client sends <forgery> does not reach the server
      When the <header> header is forged <forgery> by:
        | a signed-in visitor |
        | a deployment client |
        | an API client       |
      Then no forged <header> reaches the server behind the proxy

      Examples:
        | header     | forgery                       |
        | username   | with a blank before the colon |
        | username   | in a folded line              |
        | username   | in a trailer                  |
        | username   | with underscores              |
        | username   | with one underscore           |
        | username   | with dots                     |
        | first name | with underscores              |
        | last name  | with underscores              |
        | email      | with underscores              |
        | role       | with underscores              |
        | role       | with one underscore           |
        | groups     | with underscores              |
        | groups     | with dots                     |
        | username   | with underscores by HTTP/2    |
        | username   | in a trailer of HTTP/2        |
        | role       | in a trailer                  |

  Rule: The proxy deletes identity headers of the documents that the server does not read

    @SEC-068
    Scenario Outline: The header <name>, which the server does not read, does not reach the server
      When a signed-in visitor requests a page through the proxy with the headers:
        | <name> | <mallory> |
      Then the server behind the proxy receives no header "<name>", which it does not read

      Examples:
        | name                   |
        | X-Auth-Custom-Username |
        | X-Auth-ID              |
        | X-Auth-Uniqueid        |
        | X-Auth-First-Name      |
        | X-Auth-Email           |
        | X-Auth-RSC-Role        |
        | X-Auth-Groups          |

  Rule: A client cannot make the proxy drop headers

    A proxy deletes the headers that Connection names before it sends a request on. A client could delete the
    identity that the proxy has added, or the role, without which the server may grant more.

    @SEC-050
    Scenario Outline: A visitor who names the <header> header in <form> keeps the <header>
      When a signed-in visitor names the <header> header in <form>
      Then the server behind the proxy receives the header as without Connection

      Examples:
        | header     | form                                           |
        | username   | Connection                                     |
        | username   | a second Connection header                     |
        | username   | the Connection header of a WebSocket handshake |
        | username   | a connection field of HTTP/2                   |
        | first name | Connection                                     |
        | last name  | Connection                                     |
        | email      | Connection                                     |
        | role       | Connection                                     |
        | groups     | Connection                                     |

    @SEC-050
    Scenario Outline: <client> who names <header> in Connection keeps the header
      When <client> names the header "<header>" in Connection
      Then the server behind the proxy receives the header as without Connection

      Examples:
        | client              | header             |
        | a deployment client | X-Auth-Token       |
        | a deployment client | X-Auth-Signature   |
        | a deployment client | X-Content-Checksum |
        | an API client       | Authorization      |
        | a signed-in visitor | X-RSC-Request      |
