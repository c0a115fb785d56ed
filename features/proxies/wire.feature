Feature: Protocols, streams and methods
  Applications need WebSockets and streams. Any other change of the protocol, and methods that repeat the
  request, give a client more than that.

  @SEC-063
  Scenario Outline: A signed-in visitor who asks for the protocol <protocol> gets no tunnel to the server
    Given a signed-in visitor sends a GET request through the proxy
    And the request reaches the server behind the proxy
    When a signed-in visitor asks for the protocol "<protocol>", which the server behind the proxy accepts
    Then the connection is no tunnel to the server behind the proxy

    Examples:
      | protocol       |
      | foo            |
      | h2c            |
      | websocket, h2c |

  @SEC-064
  Scenario Outline: A WebSocket of <client> carries data in both directions
    When <client> asks for the protocol "websocket", which the server behind the proxy accepts
    Then the WebSocket carries data in both directions

    Examples:
      | client              |
      | a signed-in visitor |
      | an API client       |

  @SEC-065
  Scenario Outline: A stream that ends with <framing> arrives part by part
    When a signed-in visitor opens a stream that ends with <framing>
    Then each part of the stream arrives before the server sends the next

    Examples:
      | framing                   |
      | a Content-Length          |
      | chunks                    |
      | the end of the connection |

  @SEC-066
  Scenario: TRACE does not repeat the cookies of a visitor
    Given a signed-in visitor sends a GET request through the proxy
    And the request reaches the server behind the proxy
    When a signed-in visitor sends a TRACE request through the proxy
    Then the reply does not repeat the headers of the request

  @SEC-067 @quiet
  Scenario: The first request after a restart of the server reaches it
    Given a signed-in visitor sends a GET request through the proxy
    And the request reaches the server behind the proxy
    And the server behind the proxy is restarted
    When a signed-in visitor sends a GET request through the proxy
    Then the request reaches the server behind the proxy
