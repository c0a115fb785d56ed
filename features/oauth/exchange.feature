Feature: The credential exchange
  Content presents the token of a visit, or its own, and says what it wants for it. The exchange grants
  what the token stands for, to the content it was given to and its owner, and nothing else.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" may view "app"
    And "alice" is logged in to "crm"

  Rule: The exchange is refused unless it is one that the server knows

    @SEC-005 @direct
    Scenario: An exchange that names the type of token it wants
      When "alice" visits "app", whose exchange gives "urn:ietf:params:oauth:token-type:access_token" as requested_token_type
      Then "app" obtains a token of "alice"

    @SEC-005 @direct
    Scenario Outline: An exchange with "<value>" as <field>
      Given "alice" has visited "app" and it obtained a token
      When "alice" visits "app", whose exchange gives "<value>" as <field>
      Then "app" obtains no token

      Examples:
        | field                | value                                             |
        | subject_token        | made-up                                           |
        | subject_token_type   | urn:ietf:params:oauth:token-type:saml2            |
        | grant_type           | urn:ietf:params:oauth:grant-type:saml2-bearer     |
        | requested_token_type | urn:ietf:params:oauth:token-type:saml2            |

    @SEC-005 @direct
    Scenario: The owner of the content may exchange its tokens, another publisher may not
      Given a publisher "peter"
      When "alice" visits "app", whose exchange is made with the API key of "paula"
      Then "app" obtains a token of "alice"
      Given "alice" has visited "app" and it obtained a token
      When "alice" visits "app", whose exchange is made with the API key of "peter"
      Then "app" obtains no token

  Rule: Content with several integrations names the one it means

    @OI-125 @direct
    Scenario Outline: An exchange that names <audience> obtains the token of <account>
      Given a Service Account integration "warehouse"
      And "app" is associated with "crm" and "warehouse"
      When "alice" visits "app", whose exchange gives "<audience>" as audience
      Then "app" obtains a token of "<account>"

      Examples:
        | audience  | account   |
        | crm       | alice     |
        | warehouse | warehouse |

    @OI-125 @direct
    Scenario: Without a name it obtains no token
      Given "alice" has visited "app" and it obtained a token
      And a Service Account integration "warehouse"
      When "app" is associated with "crm" and "warehouse"
      And "alice" visits "app"
      Then "app" obtains no token

    @OI-125 @direct
    Scenario: The name of an integration that the content does not have obtains no token
      Given "alice" has visited "app" and it obtained a token
      And a Viewer integration "erp"
      And "alice" is logged in to "erp"
      When "alice" visits "app", whose exchange gives "erp" as audience
      Then "app" obtains no token

  Rule: The exchange looks at the account of the visitor each time

    @SEC-009 @direct
    Scenario: A visitor who is locked during the visit
      When "alice" visits "app", and the administrator locks "alice" between two exchanges
      Then "app" obtains a token in the first exchange and none in the second
