Feature: Viewer and Service Account integrations
  With a Viewer integration, content shows each visitor the data that the visitor's own account at the
  provider may read. With a Service Account integration, content shows all visitors the data that the
  service account may read. The account "bob" may read nothing.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And a Service Account integration "warehouse"
    And the provider grants "alice" the row "north"
    And the provider grants "carol" the row "south"
    And the provider grants "warehouse" the row "stock"
    And "paula" has published python-api content "app"
    And "alice" has Viewer permission on "app"
    And "bob" has Viewer permission on "app"
    And "carol" has Viewer permission on "app"

  Rule: There are two types of integrations, Viewer and Service Account

    @OI-005
    Scenario Outline: A <type> integration is listed with its type and gives content a token of "<account>"
      Given "app" is associated with "<integration>"
      And "alice" is logged in to "crm"
      When "alice" visits "app"
      Then "paula" finds "<integration>" listed as a <type> integration
      And "app" obtains a token of "<account>"

      Examples:
        | type            | integration | account   |
        | Viewer          | crm         | alice     |
        | Service Account | warehouse   | warehouse |

  Rule: A Viewer integration gives content the token of the current visitor

    @OI-006
    Scenario: Content with a Viewer integration obtains the token of the current visitor
      Given "app" is associated with "crm"
      And "alice" is logged in to "crm"
      And "carol" is logged in to "crm"
      When "alice" visits "app"
      Then "app" obtains a token of "alice"
      When "carol" visits "app"
      Then "app" obtains a token of "carol"

    @OI-007
    Scenario: Two visitors with different grants see different data through a Viewer integration
      Given "app" is associated with "crm"
      And "alice" is logged in to "crm"
      And "carol" is logged in to "crm"
      When "alice" visits "app"
      Then "app" shows the row "north"
      When "carol" visits "app"
      Then "app" shows the row "south"

    @OI-043
    Scenario: A user with Viewer permission sees the data of the user's own account
      Given "app" is associated with "crm"
      And "paula" is logged in to "crm"
      And "alice" is logged in to "crm"
      And "paula" has visited "app" and it obtained a token
      When "alice" visits "app"
      Then "app" obtains a token of "alice"
      And "app" shows the row "north"

    @OI-003
    Scenario: The provider alone decides what a token permits, whatever the role of the user on the server
      Given "app" is associated with "crm"
      And "paula" is logged in to "crm"
      And "alice" is logged in to "crm"
      And "alice" has visited "app" and it showed the row "north"
      When "paula" visits "app"
      Then "app" shows no row
      When the provider grants "paula" the row "west"
      And "paula" visits "app"
      Then "app" shows the row "west"

    @OI-008
    Scenario: A visitor without a grant sees no data, even directly after a visitor with a grant
      Given "app" is associated with "crm"
      And "alice" is logged in to "crm"
      And "bob" is logged in to "crm"
      And "alice" has visited "app" and it showed the row "north"
      When "bob" visits "app"
      Then "app" shows no row

  Rule: A Service Account integration gives content the data of one account for all visitors

    @OI-010
    Scenario: Two visitors see the same data through a Service Account integration
      Given "app" is associated with "warehouse"
      When "alice" visits "app"
      Then "app" shows the row "stock"
      When "bob" visits "app"
      Then "app" shows the row "stock"
