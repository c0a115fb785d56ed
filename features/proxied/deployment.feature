Feature: Deployment from the IDE
  An IDE deploys content without a browser: its client creates a key pair, and a signed-in user confirms the
  deployment credentials in a browser. After that the client signs its requests. The proxy passes signed
  requests on unchanged, and the server checks the signatures.

  Rule: Deployment credentials are confirmed in an authenticated session

    @PA-044
    Scenario: A signed request is answered as the user who confirmed the deployment credentials
      Given "alice" has signed in
      When "alice" obtains deployment credentials
      And "alice" makes a signed request
      Then the request is answered to "alice"

    @PA-045
    Scenario: A publisher can deploy content with signed requests and open it
      Given a publisher "paula"
      And "paula" has deployment credentials
      When "paula" publishes python-api content "app" with her deployment credentials
      And "paula" visits "app"
      Then "app" answers

    @PA-347
    Scenario Outline: A signature over the <path>, which the client <client> makes, is accepted
      Given "alice" has deployment credentials
      When "alice" makes a signed request with the <path>
      Then the request is answered to "alice"

      Examples:
        | client    | path                    |
        | rsconnect | whole path of the URL   |
        | Publisher | path below the base URL |

    @PA-054
    Scenario: A signed request without an identity header is answered as the owner of the deployment credentials
      Given "alice" has deployment credentials
      And "bob" has signed in
      When "alice" makes a signed request
      Then the request is answered to "alice"

    @SEC-029
    Scenario: The confirmation page for deployment credentials is not shown in a frame of another site
      Given "alice" has deployment credentials
      Then the page on which "alice" confirms deployment credentials is not shown in a frame of another site

  Rule: With LoginURL set, the server checks signed requests itself

    @PA-055
    Scenario: With LoginURL set, the server accepts a signed request and answers no call without credentials
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      And "alice" has deployment credentials
      When "alice" makes a signed request
      Then the request is answered to "alice"
      When a client calls the API with the headers:
        | Accept | application/json |
      Then the request is refused or the client is asked to log in

  Rule: A request with an invalid signature is refused, whatever other credentials it carries

    Each of these requests comes from a browser in which Alice is signed in. A valid signed request from the
    same browser precedes it and differs from it in one thing.

    Background:
      Given "alice" has deployment credentials

    @SEC-012
    Scenario Outline: A signed request <flaw> is refused despite a valid identity
      When "alice" makes a signed request beside her identity
      Then the request is answered to "alice"
      When "alice" makes a signed request beside her identity <flaw>
      Then the request is refused

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
        | with a token that was not confirmed                              |
        | with a token that the server does not know                       |

    @SEC-024 @careless
    Scenario: A signed request with two username headers is refused
      When "alice" makes a signed request beside her identity
      Then the request is answered to "alice"
      When "alice" makes a signed request beside her identity with two username headers
      Then the request is refused
