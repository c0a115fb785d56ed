Feature: Cookies that resemble the identity cookie
  The documented examples take the identity from a cookie in plain text. A proxy of this kind must not take
  another cookie, or a part of its value, for the identity cookie. In the headers, <cookie> stands for the
  name of the identity cookie, and <alice> and <mallory> stand for users.

  Background:
    Given a signed-in visitor sends a GET request through the proxy
    And the request reaches the server behind the proxy

  @SEC-051
  Scenario Outline: A client with the cookies <cookies> is not taken for the user of the other cookie
    When an anonymous visitor requests a page through the proxy with the headers:
      | Cookie | <cookies> |
    Then the server behind the proxy is not told that the client is "mallory"

    Examples:
      | cookies                               |
      | x<cookie>=<mallory>                   |
      | x<cookie>=<mallory>; <cookie>=<alice> |
      | a=<cookie>=<mallory>                  |
      | a="x; <cookie>=<mallory>"             |
      | <COOKIE>=<mallory>                    |
      | <cookie>=<alice>; <cookie>=<mallory>  |
      | <cookie>=<mallory>; <cookie>=<alice>  |
      | <cookie>=; <cookie>=<mallory>         |

  @SEC-051
  Scenario: Two Cookie headers do not join to one identity
    When an anonymous visitor requests a page through the proxy with the headers:
      | Cookie | <cookie>=<alice>   |
      | Cookie | <cookie>=<mallory> |
    Then the server behind the proxy is not told that the client is "mallory"

  @SEC-055
  Scenario Outline: The cookie <cookies> is no identity
    When an anonymous visitor requests a page through the proxy with the headers:
      | Cookie | <cookies> |
    Then the proxy asks the client to log in or refuses the request

    Examples:
      | cookies                    |
      | <cookie>=                  |
      | <cookie>= ; theme=dark     |
      | <cookie>=<alice>,<mallory> |
      | <cookie>="<alice>"         |
      | <cookie>=<alice> <mallory> |

  @SEC-056
  Scenario: A visitor with 8300 octets of other cookies reaches the server
    When a visitor with 8300 octets of other cookies sends a request through the proxy
    Then the server behind the proxy receives the username of the signed-in visitor, once
