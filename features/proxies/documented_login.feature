Feature: The login server of the printed examples
  The printed examples send visitors to an authentication server at /auth on the same host. The flavour
  "documented" of the proxies of this project has such a server there. With LoginURL, the server behind the
  proxy decides which visitors it sends there.

  Rule: The login server of the examples runs at /auth

    @EX-003
    Scenario Outline: The login page of the <proxy> example is at /auth on the host of the proxy
      Given the documented <proxy> example is under test
      When the user "alice" opens the path "<prefix>/page" and signs in at the login page of the proxy
      Then the login page is at the path "/auth/login" of the proxy

      Examples:
        | proxy  |
        | nginx  |
        | Apache |

    @EX-004 @EX-005
    Scenario Outline: After a login at the <proxy> example, the cookie verified-user contains the username and is HTTP-only
      Given the documented <proxy> example is under test
      When the user "alice" opens the path "<prefix>/page" and signs in at the login page of the proxy
      Then the login server sets the cookie "verified-user" to "<alice>" (EX-004)
      And the cookie "verified-user" of the login server is HTTP-only (EX-005)

      Examples:
        | proxy  |
        | nginx  |
        | Apache |

    @EX-006
    Scenario Outline: A login at the <proxy> example returns to the URL in the parameter url
      Given the documented <proxy> example is under test
      When the user "alice" opens the path "<prefix>/page" and signs in at the login page of the proxy
      Then the login returns to the URL with which it began

      Examples:
        | proxy  |
        | nginx  |
        | Apache |

    @EX-007
    Scenario Outline: After a login at the <proxy> example with a profile, the cookie <cookie> is set and HTTP-only
      Given the documented <proxy> example is under test
      When the user "alice" opens the path "<prefix>/page" and signs in at the login page of the proxy
      Then the login server sets the cookie "<cookie>" to "<value>"
      And the cookie "<cookie>" of the login server is HTTP-only

      Examples:
        | proxy  | cookie             | value               |
        | nginx  | proxyauth-as-first | First-<alice>       |
        | nginx  | proxyauth-as-last  | Last-<alice>        |
        | nginx  | proxyauth-as-email | <alice>@example.com |
        | Apache | proxyauth-as-first | First-<alice>       |
        | Apache | proxyauth-as-last  | Last-<alice>        |
        | Apache | proxyauth-as-email | <alice>@example.com |

  Rule: With LoginURL, the examples let anonymous requests pass

    @EX-014 @EX-049
    Scenario Outline: Without its condition, the example of nginx lets <request> without credentials pass, without an identity
      Given the documented nginx example is under test
      And a server configured with:
        | ProxyAuth.LoginURL       | https://connect.example.com/auth/login |
        | ProxyAuth.UsernameHeader | X-Auth-Username                        |
      When a visitor without credentials sends <request> through the proxy
      Then the request reaches the server behind the proxy (EX-014, EX-049)
      And the server behind the proxy receives no identity (EX-014, EX-049)

      Examples:
        | request                    |
        | a GET request              |
        | a POST request with a body |
        | a WebSocket handshake      |

    @EX-014 @EX-066
    Scenario Outline: Without its condition, the example of Apache lets <request> without credentials pass, without an identity
      Given the documented Apache example is under test
      And a server configured with:
        | ProxyAuth.LoginURL       | https://connect.example.com/auth/login |
        | ProxyAuth.UsernameHeader | X-Auth-Username                        |
      When a visitor without credentials sends <request> through the proxy
      Then the request reaches the server behind the proxy (EX-014, EX-066)
      And the server behind the proxy receives no identity (EX-014, EX-066)

      Examples:
        | request                    |
        | a GET request              |
        | a POST request with a body |
        | a WebSocket handshake      |

  Rule: The examples give a server that does not respond up after five seconds

    @EX-038 @alone
    Scenario Outline: The profile example of <proxy> gives a connection to the server up after five seconds
      Given the documented <proxy> example is under test
      When a signed-in visitor sends a request through the proxy to a server that accepts no connections
      Then the proxy gives up after 5 seconds

      Examples:
        | proxy  |
        | nginx  |
        | Apache |
