Feature: The configuration of an integration
  An integration names the provider, the client that the server is to it, and how that client
  authenticates. Providers refuse a client that authenticates in another way than it is registered for.

  Background:
    Given a server configured with:
      """
      [Authentication]
      Provider = proxy
      """
    And a publisher "paula"
    And "paula" has published python-api content "app"
    And "alice" may view "app"

  Rule: The server is the client that the integration names

    @OI-107
    Scenario: Two Service Account integrations have credentials of their own
      Given a Service Account integration "warehouse"
      And a Service Account integration "archive"
      And "paula" has published python-api content "other"
      And "alice" may view "other"
      And "app" is associated with "warehouse"
      And "other" is associated with "archive"
      When "alice" visits "app"
      Then "app" obtains a token of "warehouse"
      When "alice" visits "other"
      Then "other" obtains a token of "archive"

  Rule: The client authenticates as the integration says

    @OI-132 @direct
    Scenario Outline: The client of a Viewer integration authenticates with <method>
      Given a Viewer integration "crm" whose client authenticates with <method>
      And "app" is associated with "crm"
      When "alice" tries to log in to "crm"
      And "alice" visits "app"
      Then "app" obtains a token of "alice"

      Examples:
        | method                       |
        | client_secret_basic and PKCE |
        | client_secret_post and PKCE  |
        | PKCE alone                   |

    @OI-132 @direct
    Scenario: The client of a Service Account integration authenticates with client_secret_post
      Given a Service Account integration "warehouse" whose client authenticates with client_secret_post
      And "app" is associated with "warehouse"
      When "alice" visits "app"
      Then "app" obtains a token of "warehouse"

    @OI-133 @direct
    Scenario: What the documented example leaves out has values with which a login succeeds
      Given a Viewer integration "crm" that was created with the keys of the documented example
      And "app" is associated with "crm"
      When "alice" tries to log in to "crm"
      And "alice" visits "app"
      Then "app" obtains a token of "alice"

  Rule: A configuration that cannot work is refused

    @OI-131 @direct
    Scenario Outline: A <type> integration <with> "<key>" is refused
      When the administrator creates a <type> integration <with> "<key>"
      Then the creation is refused

      Examples: Something is missing
        | type            | with    | key               |
        | Viewer          | without | client_id         |
        | Viewer          | without | client_secret     |
        | Viewer          | without | token_uri         |
        | Viewer          | without | authorization_uri |
        | Service Account | without | client_secret     |
        | Service Account | without | token_uri         |

      Examples: Something has no meaning
        | type   | with                             | key                        |
        | Viewer | with "Nobody" as                 | auth_type                  |
        | Viewer | with "Nobody" as                 | auth_mode                  |
        | Viewer | with "telepathy" as              | token_endpoint_auth_method |
        | Viewer | with "perhaps" as                | use_pkce                   |
        | Viewer | with "/token" as                 | token_uri                  |
        | Viewer | with "ftp://id.example/token" as | token_uri                  |
        | Viewer | with "https:///token" as         | token_uri                  |
        | Viewer | with "https://[id/token" as      | token_uri                  |
        | Viewer | with "javascript:alert(1)" as    | authorization_uri          |

  Rule: A login belongs to one client at one provider

    @SEC-041 @direct
    Scenario Outline: Changing the <setting> of an integration ends the logins
      Given a Viewer integration "crm"
      And "app" is associated with "crm"
      And "alice" is logged in to "crm"
      And "alice" has visited "app" and it obtained a token
      When the administrator changes the <setting> of the integration "crm"
      And "alice" visits "app"
      Then "app" obtains no token
      And the session of "alice" with "crm" holds no refresh token

      Examples:
        | setting               |
        | client                |
        | token address         |
        | authorization address |
        | type                  |

    @SEC-041 @direct
    Scenario: Changing the name of an integration ends no login
      Given a Viewer integration "crm"
      And "app" is associated with "crm"
      And "alice" is logged in to "crm"
      When the administrator changes the name of the integration "crm"
      And "alice" visits "app"
      Then "app" obtains a token of "alice"
