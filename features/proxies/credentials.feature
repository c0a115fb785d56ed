Feature: Requests with credentials that the server checks
  Deployments and calls of the API have credentials of their own. The proxy passes them to the server and does
  not try to authenticate a user.

  Rule: Signed deployment requests pass unchanged

    @PA-050 @PA-337
    Scenario: A request with X-Auth-Token reaches the server without a sign-in
      When a deployment client sends a GET request through the proxy
      Then the request reaches the server behind the proxy (PA-050, PA-337)

    @PA-049
    Scenario Outline: A request with X-Auth-Token reaches the server, also with <further>
      When a deployment client requests a page through the proxy with the headers:
        | <name> | <value> |
      Then the request reaches the server behind the proxy

      Examples:
        | further                    | name          | value        |
        | another Authorization      | Authorization | Bearer token |
        | a cookie of another site   | Cookie        | theme=dark   |
        | a header of an application | X-Application | one          |

    @PA-051 @PA-052 @PA-053
    Scenario: The headers of a deployment request reach the server unchanged
      When a deployment client sends a GET request through the proxy
      Then the headers reach the server behind the proxy unchanged (PA-051, PA-052, PA-053)

    @PA-051 @PA-052 @PA-053
    Scenario: The headers of a deployment request from a browser that is signed in reach the server unchanged
      When a signed-in visitor requests a page through the proxy with the headers:
        | X-Auth-Token       | T0123456789abcdef==      |
        | X-Auth-Signature   | c2lnbmF0dXJl+/==         |
        | X-Content-Checksum | 1B2M2Y8AsgTpgAmY7PhCfg== |
      Then the headers reach the server behind the proxy unchanged (PA-051, PA-052, PA-053)

    @PA-048
    Scenario Outline: A deployment request with a body of <octets> octets reaches the server unchanged
      When a deployment client sends a body of <octets> octets through the proxy
      Then the body reaches the server behind the proxy unchanged

      Examples:
        | octets  |
        | 1       |
        | 70000   |
        | 1048575 |
        | 1048576 |
        | 1048577 |
        | 2500000 |
        | 3145728 |

    @PA-048
    Scenario Outline: A deployment request with a body of <octets> octets in chunks reaches the server unchanged
      When a deployment client sends a body of <octets> octets in chunks through the proxy
      Then the body reaches the server behind the proxy unchanged

      Examples:
        | octets |
        | 10     |
        | 200000 |

    @PA-048
    Scenario Outline: A deployment request with <name>: <value> reaches the server with its body
      When a deployment client sends a body of 70000 octets with the header "<name>: <value>" through the proxy
      Then the body reaches the server behind the proxy unchanged

      Examples:
        | name             | value        |
        | Expect           | 100-continue |
        | Content-Encoding | gzip         |

    @PA-048
    Scenario Outline: The query of a deployment request for <path> reaches the server unchanged
      When a deployment client requests the path "<prefix><path>" through the proxy
      Then the server behind the proxy receives the path "<path>"

      Examples:
        | path                    |
        | /page?a=1&b=2           |
        | /page?a=%zz&b=%2F&c=d+e |

    @SEC-054
    Scenario Outline: The path <path> of a deployment request reaches the server as it was signed
      When a deployment client requests the path "<prefix><path>" through the proxy
      Then the server behind the proxy receives the path "<path>"

      Examples:
        | path    |
        | /a%2Fb  |
        | /a%2fb  |
        | //a//b  |
        | /%2B    |
        | /%41%7E |
        | /a%3Fb  |
        | /a%23b  |
        | /a;b=c  |
        | /a%0Ab  |
        | /page?  |
        | /a%25b  |

    @SEC-054
    Scenario Outline: The path <path> of a WebSocket reaches the server as it was written
      When an API client opens a WebSocket at the path "<prefix><path>" through the proxy
      Then the server behind the proxy receives the path "<path>"

      Examples:
        | path      |
        | /ws?a=1&b |
        | /a%2Fb    |
        | //a//b    |
        | /a%3Fb    |

    @SEC-054
    Scenario Outline: A request for the malformed path <path> reaches the server as it was written or is refused
      Given a deployment client sends a GET request through the proxy
      And the request reaches the server behind the proxy
      When a deployment client requests the path "<prefix><path>" through the proxy
      Then the server behind the proxy receives the path "<path>", or the proxy refuses the request

      Examples:
        | path      |
        | /a%zzb    |
        | /a%00b    |
        | /a\b      |
        | /a\|b     |
        | /..;/a    |

  Rule: Calls of the API pass

    @PA-056 @PA-338
    Scenario: A call of the Server API with an API key reaches the server without a sign-in
      When an API client sends a request to the API through the proxy
      Then the request reaches the server behind the proxy (PA-056, PA-338)

    @PA-057 @PA-338
    Scenario: A call of a hosted API with an API key reaches the server without a sign-in
      When an API client sends a request to content through the proxy
      Then the request reaches the server behind the proxy (PA-057, PA-338)

    @PA-058
    Scenario Outline: A request with <authorization> and no sign-in does not reach the server
      Given an API client sends a GET request through the proxy
      And the request reaches the server behind the proxy
      When an anonymous visitor requests a page through the proxy with the headers:
        | Authorization | <authorization> |
      Then the request does not reach the server behind the proxy

      Examples:
        | authorization |
        | Bearer token  |
        | Basic YTpi    |

    @SEC-052
    Scenario Outline: A request with <name>: <value> and no sign-in does not reach the server
      Given an API client sends a GET request through the proxy
      And the request reaches the server behind the proxy
      When an anonymous visitor requests a page through the proxy with the headers:
        | <name> | <value> |
      Then the request does not reach the server behind the proxy

      Examples:
        | name             | value         |
        | Authorization    | Bearer xKey y |
        | Authorization    | Basic Key x   |
        | Authorization    | Key           |
        | X_Auth_Token     | token         |
        | X-Auth-Signature | signature     |
        | X-Auth-Token     |               |
        | X-Auth-Token     | <0x09>        |

    @SEC-053
    Scenario: A call with an API key in X-RSC-Authorization reaches the server without a sign-in
      When an API client that uses X-RSC-Authorization sends a request to the API through the proxy
      Then the request reaches the server behind the proxy

    @SEC-053
    Scenario: A call with an API key in X-RSC-Authorization and another Authorization reaches the server without a sign-in
      When an API client that uses X-RSC-Authorization requests a page through the proxy with the headers:
        | Authorization | Bearer token |
      Then the headers reach the server behind the proxy unchanged

    @PA-056 @PA-338
    Scenario: A call of the Server API by HTTP/2 reaches the server without a sign-in
      When an API client sends an HTTP/2 request through the proxy
      Then the request reaches the server behind the proxy (PA-056, PA-338)

  Rule: Headers that applications need pass

    @PA-339
    Scenario Outline: The header <name> of <client> reaches the server unchanged
      When <client> requests a page through the proxy with the headers:
        | <name> | <value> |
      Then the headers reach the server behind the proxy unchanged

      Examples:
        | client              | name            | value              |
        | an API client       | X-Application   | one, two;three="4" |
        | an API client       | Accept          | application/json   |
        | an API client       | X-Api-Version   | 2026-11-28         |
        | a signed-in visitor | X-Application   | one                |
        | a signed-in visitor | Accept-Language | de, en;q=0.5       |
