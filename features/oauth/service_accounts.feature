Feature: Executions with a Service Account integration
  For each execution of content that is associated with a Service Account integration, the server
  requests an access token with the credentials of the integration. Visitors do not log in to the
  integration and have no OAuth session with it. All visitors act with the permissions of the service
  account.

  Background:
    Given a publisher "paula"
    And a Service Account integration "warehouse"
    And the provider grants "warehouse" the row "stock"
    And "paula" has published python-api content "app"
    And "app" is associated with "warehouse"
    And "alice" has Viewer permission on "app"

  Rule: Users with Viewer permission act with the permissions of the service account

    @OI-096
    Scenario: A user with Viewer permission sees the data of the service account
      Given the provider grants "alice" the row "north"
      When "alice" visits "app"
      Then "app" obtains a token of "warehouse"
      And "app" shows the row "stock"

    @OI-097
    Scenario: The owner and a user with Viewer permission see the same data
      Given the provider grants "paula" the row "south"
      When "paula" visits "app"
      Then "app" shows the row "stock"
      When "alice" visits "app"
      Then "app" shows the row "stock"

  Rule: No visitor logs in to a Service Account integration

    @OI-098
    Scenario: Content obtains the token without an authorization request to the provider
      When "alice" visits "app"
      Then "app" obtains a token of "warehouse"
      And "alice" is not sent to log in when she opens "app" in her browser
      And the provider of "warehouse" has seen no authorization request

    @OI-102 @OI-103
    Scenario: A visit creates no OAuth session with the integration and no token of the visitor
      Given a Viewer integration "crm"
      And "alice" is logged in to "crm"
      And "alice" has one session with "crm"
      When "alice" visits "app" in her browser
      And "alice" visits "app"
      Then "app" obtains a token of "warehouse" (OI-103)
      And "alice" has no session with "warehouse" (OI-102)
      And the list of OAuth sessions of "alice" holds her own and no others (OI-102)

  Rule: The server requests a new access token for each execution

    @OI-104 @OI-106
    Scenario: Each visit that asks for a token obtains a new one
      When "alice" visits "app"
      Then "app" obtains a token of "warehouse" (OI-104)
      When "alice" visits "app"
      Then "app" obtains another token than before (OI-106)

    @OI-105 @OI-106
    Scenario: Each render that asks for a token obtains a new one
      Given "paula" has published quarto-static content "report"
      And "report" is associated with "warehouse"
      When "report" is rendered
      Then "report" obtains a token of "warehouse" (OI-105)
      When "report" is rendered
      Then "report" obtains another token than before (OI-106)

  Rule: The server requests no access token for content that is not associated or not executed

    @OI-108
    Scenario Outline: The execution of <mode> content without an association causes no request for a token
      Given "paula" has published <mode> content "other"
      And "other" is open to the viewer "alice"
      And "alice" has visited "app" and it obtained a token
      When "other" is executed for the viewer "alice"
      Then "other" obtains no token
      And the provider has issued no access token since "app" obtained one

      Examples:
        | mode          |
        | python-api    |
        | quarto-static |

    @OI-109
    Scenario: A new association and a visit to content that is already rendered cause no request for a token
      Given "paula" has published quarto-static content "report"
      And "report" is associated with "warehouse"
      And "report" has been rendered and obtained a token
      And "alice" has Viewer permission on "report"
      And "paula" has published python-api content "idle"
      When "paula" associates "idle" with "warehouse"
      And "alice" visits "report"
      Then "report" obtains the same token as before
      And the provider has issued no access token since "report" obtained one
