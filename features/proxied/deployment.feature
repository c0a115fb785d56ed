Feature: Deployment from the IDE
  An IDE deploys without a browser. Its client makes a key pair and asks the server for credentials,
  and their owner confirms that in a browser in which they are signed in. From then on the client signs
  its requests. The proxy lets signed requests through as they are, and the server decides about them.

  Rule: Credentials come out of an authenticated session

    @PA-044
    Scenario: Once their owner has confirmed them, they sign requests
      Given "alice" has signed in
      When "alice" obtains deployment credentials
      And "alice" makes a signed request
      Then the call is answered to "alice"

    @PA-045
    Scenario: Content is deployed by signed requests
      Given a publisher "paula"
      And "paula" has deployment credentials
      When "paula" publishes python-api content "app" with her deployment credentials
      And "paula" visits "app"
      Then "app" answers

    @PA-347
    Scenario Outline: A signature over the <path> is accepted
      Given "alice" has deployment credentials
      When "alice" makes a signed request with the <path>
      Then the call is answered to "alice"

      Examples:
        | client    | path                    |
        | rsconnect | whole path of the URL   |
        | Publisher | path below the base URL |

    @PA-054
    Scenario: The signature is enough, no identity header is needed
      Given "alice" has deployment credentials
      And "bob" has signed in
      When "alice" makes a signed request
      Then the call is answered to "alice"

    @SEC-029
    Scenario: No page of another site gets a user to confirm credentials by a click in a frame
      Given "alice" has deployment credentials
      Then the page on which "alice" confirms deployment credentials is not shown in a frame of another site

  Rule: With a login page configured, the server itself tells who need not log in

    @PA-055
    Scenario: Signed requests and others reach the server alike
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      And "alice" has deployment credentials
      When "alice" makes a signed request
      Then the call is answered to "alice"
      When a client calls the API with the headers:
        | Accept | application/json |
      Then the call is refused or asked to log in

  Rule: What does not hold is refused, and nothing else in the request counts

    Each of these requests comes from a browser in which Alice is signed in. So does the good one before
    it, from which it differs in one thing.

    Background:
      Given "alice" has deployment credentials

    @SEC-012
    Scenario Outline: A signed request <flaw>
      When "alice" makes a signed request beside her identity
      Then the call is answered to "alice"
      When "alice" makes a signed request beside her identity <flaw>
      Then the call is refused

      Examples:
        | flaw                                                             |
        | with a signature by another key                                  |
        | with a signature for another path                                |
        | with a signature for another path that a forwarding header names |
        | with a signature for another method                              |
        | with a signature for another body                                |
        | with another date than the signed one                            |
        | with another body than the signed one                            |
        | with an empty signature                                          |
        | without a signature                                              |
        | without a date                                                   |
        | without a checksum                                               |
        | with two signatures                                              |
        | with two tokens                                                  |
        | with a token that nobody has confirmed                           |
        | with a token that the server does not know                       |

    @SEC-024 @careless
    Scenario: Credentials do not excuse duplicate headers
      When "alice" makes a signed request beside her identity
      Then the call is answered to "alice"
      When "alice" makes a signed request beside her identity with two username headers
      Then the call is refused
