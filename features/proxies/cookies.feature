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

  @SEC-051
  Scenario Outline: A cookie that resembles the identity cookie is no identity beside another cookie by <version>
    When an anonymous visitor requests a page through the proxy by <version> with the headers:
      | Cookie | theme=dark          |
      | Cookie | x<cookie>=<mallory> |
    Then the server behind the proxy is not told that the client is "mallory"

    Examples:
      | version  |
      | HTTP/1.1 |
      | HTTP/2   |

  @SEC-072
  Scenario Outline: The username in the cookie <cookie>=<value> reaches the server as it is, or the request is held back
    When an anonymous visitor requests a page through the proxy with the headers:
      | Cookie | <cookie>=<value> |
    Then the server behind the proxy receives the username "<value>", or the proxy holds the request back

    Examples:
      | value                             |
      | Jos%C3%A9                         |
      | o'brien                           |
      | $host                             |
      | ${remote_addr}                    |
      | %{HTTP_HOST}e                     |
      | {http.request.host}               |
      | (null)                            |
      | a=b                               |
      | DOM:alice                         |
      | connect                           |
      | a/../b                            |

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
      | <cookie>=<alice><0x09>x    |
      | <cookie>=<0x01><alice>     |
      | <cookie>=<alice><0x7f>     |
      | <cookie>=<alice><0x00>     |
      | <cookie>=<alice><0x0d>x    |
      | <cookie>=<alice><0xe9>     |
      | <cookie>=<0xc0><0xae>      |

  @SEC-056
  Scenario: A visitor with 8300 octets of other cookies reaches the server
    When a visitor with 8300 octets of other cookies sends a request through the proxy
    Then the server behind the proxy receives the username of the signed-in visitor, once
