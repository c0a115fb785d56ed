Feature: Viewer and Service Account integrations
  With a Viewer integration each visitor sees what the visitor's own account has been granted. With a
  Service Account integration everybody sees what that one account has been granted. The grants are
  those of the provider: the account "alice" may read "north", the service account "warehouse" may
  read "stock", the account "bob" may read nothing.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And a Service Account integration "warehouse"
    And the provider grants "alice" the row "north"
    And the provider grants "carol" the row "south"
    And the provider grants "warehouse" the row "stock"
    And "paula" has published python-api content "app"
    And "alice" may view "app"
    And "bob" may view "app"
    And "carol" may view "app"

  Rule: There are two types

    @OI-005
    Scenario Outline: A <type> integration is listed, associated and yields a token
      Given "app" is associated with "<integration>"
      And "alice" is logged in to "crm"
      When "alice" visits "app"
      Then "paula" finds "<integration>" listed as a <type> integration
      And "app" obtains a token of "<account>"

      Examples:
        | type            | integration | account   |
        | Viewer          | crm         | alice     |
        | Service Account | warehouse   | warehouse |

  Rule: A Viewer integration hands over the visitor's own token

    @OI-006
    Scenario: The token is the visitor's
      Given "app" is associated with "crm"
      And "alice" is logged in to "crm"
      And "carol" is logged in to "crm"
      When "alice" visits "app"
      Then "app" obtains a token of "alice"
      When "carol" visits "app"
      Then "app" obtains a token of "carol"

    @OI-007
    Scenario: Two visitors with different grants see different data
      Given "app" is associated with "crm"
      And "alice" is logged in to "crm"
      And "carol" is logged in to "crm"
      When "alice" visits "app"
      Then "app" shows the row "north"
      When "carol" visits "app"
      Then "app" shows the row "south"

    @OI-008
    Scenario: A visitor without a grant sees nothing, directly after one who has a grant
      Given "app" is associated with "crm"
      And "alice" is logged in to "crm"
      And "bob" is logged in to "crm"
      And "alice" has visited "app" and it showed the row "north"
      When "bob" visits "app"
      Then "app" shows no row

  Rule: A Service Account integration hands over one and the same account's data

    @OI-010
    Scenario: Everybody sees the same data
      Given "app" is associated with "warehouse"
      When "alice" visits "app"
      Then "app" shows the row "stock"
      When "bob" visits "app"
      Then "app" shows the row "stock"
