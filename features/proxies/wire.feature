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

  @SEC-063
  Scenario Outline: After a WebSocket that the server answers with <status>, the proxy reads the next request of the connection
    When an API client asks for a WebSocket, to which the server behind the proxy answers <status>, and sends a hidden request
    Then the request reaches the server behind the proxy
    And the hidden request does not reach the server as the client wrote it

    Examples:
      | status |
      | 200    |
      | 403    |
      | 426    |

  @SEC-064
  Scenario: A WebSocket carries a megabyte in both directions
    When a signed-in visitor sends 1048576 octets through a WebSocket
    Then the WebSocket carries data in both directions

  @SEC-071
  Scenario Outline: A request with <oddity> does not hide another request
    Given a signed-in visitor sends a POST request with a body through the proxy
    And the request reaches the server behind the proxy
    When a signed-in visitor sends a request with <oddity> and a hidden request through the proxy
    Then the hidden request does not reach the server as the client wrote it

    Examples:
      | oddity                                        |
      | the length of its body                        |
      | two lengths                                   |
      | two lengths, the right one last               |
      | two lengths in one line                       |
      | a length with a sign                          |
      | a hexadecimal length                          |
      | a length with a blank before the colon        |
      | a length and Content_Length                   |
      | a length and chunks                           |
      | chunks and a blank before the colon           |
      | chunks by Transfer_Encoding                   |
      | chunks in a folded line                       |
      | chunks after a vertical tab                   |
      | an unknown transfer coding                    |
      | an unknown transfer coding beside chunks      |
      | a transfer coding twice                       |
      | a chunk whose length does not fit in 64 bits  |
      | a chunk with an extension                     |
      | chunks whose lines end with a line feed alone |

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
