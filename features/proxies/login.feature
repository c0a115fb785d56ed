Feature: The login page and the public address
  The proxy sends visitors to its login page and tells the server the URL that the visitor requested. Both
  depend on the public address of the proxy, not on what the client writes into Host.

  Rule: The login returns to where it began

    @SEC-057
    Scenario Outline: A user who opens <path> and signs in returns to the same URL
      When the user "alice" opens the path "<path>" and signs in at the login page of the proxy
      Then the login returns to the URL with which it began

      Examples:
        | path                      |
        | <prefix>/page             |
        | <prefix>/page?a=1         |
        | <prefix>/page?a=1&b=2     |
        | <prefix>/page?a=%26&b=c+d |
        | <prefix>/a%2Fb            |
        | <prefix>/a%26b%23c        |

    @SEC-058
    Scenario Outline: A client that sends <name>: <value> is redirected to the login page of the proxy
      Given a signed-in visitor sends a GET request through the proxy
      And the request reaches the server behind the proxy
      When an anonymous visitor requests a page through the proxy with the headers:
        | <name> | <value> |
      Then the proxy redirects to its own login page or refuses the request

      Examples:
        | name             | value             |
        | Host             | evil.example      |
        | Host             | user@evil.example |
        | X-Forwarded-Host | evil.example      |
        | Forwarded        | host=evil.example |

    @SEC-058
    Scenario: A request in absolute form for another host is redirected to the login page of the proxy
      Given a signed-in visitor sends a GET request through the proxy
      And the request reaches the server behind the proxy
      When an anonymous visitor sends a request in absolute form for evil.example through the proxy
      Then the proxy redirects to its own login page or refuses the request

    @SEC-059
    Scenario Outline: An anonymous request for <path> is answered without an error of the proxy
      Given a signed-in visitor sends a GET request through the proxy
      And the request reaches the server behind the proxy
      When an anonymous visitor requests the path "<path>" through the proxy
      Then the proxy asks the client to log in or refuses the request

      Examples:
        | path                               |
        | <prefix>/%0d%0aSet-Cookie:x=1      |
        | <prefix>/%00                       |
        | <prefix>/page?%0d%0aSet-Cookie:x=1 |

  Rule: The login server knows from the browser whose session it begins and ends

    @PA-103
    Scenario: The LogoutURL ends the session of the user who opens it, and not that of another user
      Given the user "alice" sends a request through the proxy
      And the request reaches the server behind the proxy
      When the user "alice" opens the LogoutURL
      And the user "alice" sends a request through the proxy
      Then the proxy asks the client to log in or refuses the request
      When the user "bob" sends a request through the proxy
      Then the request reaches the server behind the proxy

    @PA-086 @PA-088
    Scenario Outline: A user whom the server sends to the LoginURL from <page> returns there after signing in
      Given a server configured with:
        | ProxyAuth.LoginURL       | /auth/login     |
        | ProxyAuth.UsernameHeader | X-Auth-Username |
      When the user "alice" follows the LoginURL from the page "<page>" and signs in
      Then the login returns to the URL with which it began (PA-086, PA-088)

      Examples:
        | page                  |
        | <prefix>/content/1    |
        | <prefix>/page?a=1&b=2 |

  Rule: The server learns the URL that the visitor requested

    @SEC-060
    Scenario Outline: X-RSC-Request contains the public URL of <path>
      When a signed-in visitor requests the path "<path>" through the proxy
      Then the server behind the proxy receives the original URL "<path>" in X-RSC-Request

      Examples:
        | path                    |
        | <prefix>/page           |
        | <prefix>/page?a=1&b=%2F |
        | <prefix>/a%3Fb          |

    @SEC-060
    Scenario Outline: A client cannot set X-RSC-Request with <name>
      Given a signed-in visitor sends a GET request through the proxy
      And the request reaches the server behind the proxy
      When a signed-in visitor requests a page through the proxy with the headers:
        | <name> | <value> |
      Then the server behind the proxy receives the original URL "<prefix>/page" in X-RSC-Request, or the proxy refuses the request

      Examples:
        | name          | value                |
        | X-RSC-Request | http://evil.example/ |
        | x-rsc-request | http://evil.example/ |
        | X_RSC_Request | http://evil.example/ |
        | Host          | evil.example         |
        | Host          | user@evil.example    |

    @SEC-060
    Scenario: A client cannot set X-RSC-Request with a request in absolute form for another host
      Given a signed-in visitor sends a GET request through the proxy
      And the request reaches the server behind the proxy
      When a signed-in visitor sends a request in absolute form for evil.example through the proxy
      Then the server behind the proxy receives the original URL "<prefix>/page" in X-RSC-Request, or the proxy refuses the request

    @SEC-061
    Scenario Outline: The value of <name> that a client sends does not reach the server
      When a signed-in visitor requests a page through the proxy with the headers:
        | <name> | <value> |
      Then no header with "evil.example" reaches the server behind the proxy

      Examples:
        | name             | value            |
        | X-Forwarded-For  | evil.example     |
        | X-Forwarded-Host | evil.example     |
        | Forwarded        | for=evil.example |
        | X-Real-IP        | evil.example     |

  Rule: Redirects of the server lead where the server says

    @SEC-062
    Scenario Outline: A redirect of the server to <location> arrives as <arrives>
      When the server behind the proxy redirects a signed-in visitor to "<location>"
      Then the client is redirected to "<arrives>"

      Examples:
        | location                                                 | arrives                                                  |
        | <public>/content/1                                       | <public>/content/1                                       |
        | https://idp.example/authorize?client_id=1&redirect_uri=x | https://idp.example/authorize?client_id=1&redirect_uri=x |
        | https://example.com/auth/login                           | https://example.com/auth/login                           |
        | /content/1                                               | <public>/content/1                                       |
        | <prefix>/content/1                                       | <public>/content/1                                       |
        | https://idp.example                                      | https://idp.example                                      |
        | //idp.example/x                                          | //idp.example/x                                          |

    @SEC-073
    Scenario Outline: The cookie <cookie> of the server reaches the client unchanged
      When the server behind the proxy sets the cookie "<cookie>" for a signed-in visitor
      Then the cookie of the server reaches the client unchanged

      Examples:
        | cookie                                                             |
        | session=1; Path=<prefix>/; HttpOnly; SameSite=Lax                  |
        | session=1; Path=/; Secure; Expires=Sat, 28 Nov 2026 12:00:00 GMT   |
